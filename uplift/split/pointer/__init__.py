"""Which side each role of the application uses: the one value that a split changes."""
