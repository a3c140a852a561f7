"""How commands talk to a terminal or a pipe: lines, tables, JSON, progress."""
