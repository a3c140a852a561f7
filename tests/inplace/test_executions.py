"""How an execution ended, in words: what Step Functions says of its end outweighs what its last step said."""

import pytest

from uplift.inplace.aws.executions import Look


@pytest.mark.parametrize(
    ("status", "last", "error", "cause", "outcome", "reason"),
    [
        ("RUNNING", {"reason": "legacy is modifying"}, "", "", "", "legacy is modifying"),
        ("SUCCEEDED", {"outcome": "upgraded", "reason": "done"}, "", "", "upgraded", "done"),
        ("SUCCEEDED", {"next": "busy", "reason": "another works"}, "", "", "busy", "another works"),
        ("FAILED", {"outcome": "lost", "reason": "3 are lost"}, "lost", "3 are lost", "lost", "3 are lost"),
        (
            "FAILED",
            {"outcome": "upgraded", "reason": "done"},
            "Unreported",
            "its report could not be kept",
            "Unreported",
            "its report could not be kept",
        ),
        ("ABORTED", {"next": "wait", "reason": "creating"}, "Stopped", "uplift stop", "Stopped", "uplift stop"),
    ],
)
def test_the_end_outweighs_the_last_step(status: str, last: dict[str, str], error: str, cause: str, outcome: str, reason: str) -> None:
    look = Look("arn", status, 0.0, None, (), dict(last), error, cause)
    assert (look.outcome, look.reason) == (outcome, reason)
