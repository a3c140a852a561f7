"""The operator's own commands: what is run at go and back, and what is told of events."""
