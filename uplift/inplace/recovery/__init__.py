"""Bringing a run's data back from its snapshot into a new group.

The handler is named by the stack, `steps.RecoveryReport` is read by the command.
"""
