"""The protocol of the handover as a small state machine, explored through every interleaving within bounds."""
