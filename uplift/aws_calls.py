"""How AWS is called: with patience for reads, once for a change; and its errors by our own names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from uplift.errors import Throttled, UpliftError

# Not "adaptive": its rate limiter slows a function down for good after one throttled call.
PATIENT = Config(retries={"mode": "standard", "max_attempts": 6}, connect_timeout=5, read_timeout=30)
# For a call that changes something and has no name that protects it: after a 5xx or a read timeout botocore would send it again.
ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=5, read_timeout=30)

THROTTLES = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded", "APICallRateForCustomerExceeded"})


class AwsUnavailable(UpliftError):
    """AWS did not answer, or refused the credentials or the call."""

    code = "AwsUnavailable"


@contextmanager
def throttling_named() -> Iterator[None]:
    """Turn AWS's several throttling codes into one error the state machine retries."""
    try:
        yield
    except ClientError as problem:
        if problem.response["Error"]["Code"] in THROTTLES:
            raise Throttled(str(problem)) from problem
        raise


@contextmanager
def aws_named(what: str) -> Iterator[None]:
    """Turn whatever AWS answers in a block into one line that says what was being done."""
    try:
        yield
    except (BotoCoreError, ClientError) as problem:
        raise AwsUnavailable(f"{what}: {problem}") from None
