"""What a run does next, and what an operator may ask: pure functions of typed facts."""
