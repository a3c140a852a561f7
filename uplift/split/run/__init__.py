"""The run itself: an object that is driven by `step`, joining follow, handover and gate."""
