"""The stack of the in-place upgrade: `stack.UpgradeStack` is for app.py."""
