"""Rights: roles, policies, the permissions boundary, and the statements they are made of."""
