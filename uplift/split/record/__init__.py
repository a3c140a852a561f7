"""What is stored of a run: plain values."""
