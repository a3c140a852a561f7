"""How AWS is called: with patience for reads, once for a change, and what an answer to a change means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError

from uplift.errors import Throttled, UpliftError

# Not "adaptive": its rate limiter slows a function down for good after one throttled call.
PATIENT = Config(retries={"mode": "standard", "max_attempts": 6}, connect_timeout=5, read_timeout=30)
# For a call that changes something and has no name that protects it: after a 5xx or a read timeout botocore would send it again.
ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=5, read_timeout=30)

_THROTTLES = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded", "APICallRateForCustomerExceeded"})
# What ElastiCache says to the second of two, though the first was taken.
_PERHAPS_OURS = frozenset({"InvalidReplicationGroupState", "InvalidCacheClusterState"})
_NOTHING_LEFT_TO_DO = "No modifications were requested"
_FIRST_ERROR_OF_A_SERVER = 500
_REQUEST_TIMED_OUT = 408


class AwsUnavailable(UpliftError):
    """AWS did not answer, or refused the credentials or the call."""

    code = "AwsUnavailable"


class Answer(StrEnum):
    """What an error that answered a change says of it."""

    REFUSED = "it was not done, and will not be"
    NOT_TAKEN = "it was not done, and may be asked for again"
    OPEN = "nobody knows whether it was done: look before anything else"


def answer_to_change(problem: ClientError | BotoCoreError) -> Answer:
    """Whether a change may have been made, though this came back instead of an answer."""
    if isinstance(problem, (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError)):
        return Answer.NOT_TAKEN
    if isinstance(problem, BotoCoreError):
        return Answer.OPEN
    code, message = problem.response["Error"]["Code"], problem.response["Error"].get("Message", "")
    status = problem.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _THROTTLES:
        return Answer.NOT_TAKEN
    if code in _PERHAPS_OURS or _NOTHING_LEFT_TO_DO in message or status >= _FIRST_ERROR_OF_A_SERVER or status == _REQUEST_TIMED_OUT:
        return Answer.OPEN
    return Answer.REFUSED


@contextmanager
def throttling_named() -> Iterator[None]:
    """Turn AWS's several throttling codes into one error the state machine retries."""
    try:
        yield
    except ClientError as problem:
        if problem.response["Error"]["Code"] in _THROTTLES:
            raise Throttled(str(problem)) from problem
        raise


@contextmanager
def aws_named(what: str) -> Iterator[None]:
    """Turn whatever AWS answers in a block into one line that says what was being done."""
    try:
        yield
    except (BotoCoreError, ClientError) as problem:
        raise AwsUnavailable(f"{what}: {problem}") from None
