"""What the commands of `uplift split` share: an engine driven to its end, and an operator who asks."""
