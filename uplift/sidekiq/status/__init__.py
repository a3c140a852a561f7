"""What a person sees of a side before, while and after jobs move, and which pitfalls apply."""
