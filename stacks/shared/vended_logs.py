"""Log groups that another service writes to."""

from __future__ import annotations

VENDED_LOGS = "/aws/vendedlogs/states/"
"""What the names of the state machines' log groups begin with.

Log delivery lists every group outside /aws/vendedlogs/ by name in one resource policy of the account, which may not be longer than 5,120
characters (Step Functions developer guide, "CloudWatch Logs resource policy size").
"""
