"""The retention steps CloudWatch Logs offers, by number of days."""

from __future__ import annotations

from aws_cdk import aws_logs as logs

_STEPS = {
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
    731: logs.RetentionDays.TWO_YEARS,
    1827: logs.RetentionDays.FIVE_YEARS,
}


def log_retention(days: int) -> logs.RetentionDays:
    """The step for `days`; settings allow exactly these numbers."""
    return _STEPS[days]
