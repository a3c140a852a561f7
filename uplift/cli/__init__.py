"""One command, `uplift`, for people and pipelines."""
