"""AWS on this machine, a simulated vets-api on it, and the run that joins them."""
