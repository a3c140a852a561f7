"""What the state machine runs: one file for each group of steps, and the two Lambda handlers, which alone are named from outside."""
