"""Pure decisions of the in-place upgrade, each from typed values to a verdict with its reason. Nothing here calls AWS or Redis."""
