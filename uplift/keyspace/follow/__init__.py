"""Two servers kept equal while applications write to both."""
