"""What runs: in Lambda and from the command line."""
