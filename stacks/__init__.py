"""What exists in AWS: one stack or one construct a file, thin, keyword-only typed arguments."""
