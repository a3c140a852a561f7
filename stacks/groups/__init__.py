"""The stack of one new replication group with its alarms: `stack.GroupStack` is for app.py."""
