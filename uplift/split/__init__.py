"""The split: one Redis becomes two while the application runs, with a way back until the end."""
