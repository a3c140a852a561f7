"""One frozen, validated settings object per environment; the only reader of config/."""
