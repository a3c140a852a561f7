"""What messages and metrics of a run are called: the functions send them, the stacks filter and watch them."""

from __future__ import annotations

from datetime import timedelta

METRIC_NAMESPACE = "Uplift"
SOURCE_DIMENSION = "Source"
UPGRADE_AGE = "UpgradeAgeSeconds"
FAILURE_TOLD = "FailureTold"
# The alarm on failures nobody told counts in these periods.
TOLD_PERIOD = timedelta(minutes=5)
# The attribute of messages nobody has to act on. Those of alarms have no attribute.
NOTICE = "notice"
