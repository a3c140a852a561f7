"""The handover: what is taken in which order, round after round, until the old side is empty; and the proof that it is."""
