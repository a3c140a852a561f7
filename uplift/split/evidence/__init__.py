"""What shows that nobody uses a side any more, and that the way between both sides is open."""
