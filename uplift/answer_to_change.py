"""What an error says of a change that ElastiCache was asked for: was it made?"""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
)

from uplift.aws_calls import THROTTLES

# What ElastiCache says to the second of two, though the first was taken.
_PERHAPS_OURS = frozenset({"InvalidReplicationGroupState", "InvalidCacheClusterState"})
_NOTHING_LEFT_TO_DO = "No modifications were requested"
# Not ProxyConnectionError: urllib3 also calls a connection so that a proxy cut after the request had arrived.
_NEVER_SENT = (EndpointConnectionError, ConnectTimeoutError, NoCredentialsError, CredentialRetrievalError)


class Answer(StrEnum):
    """What an error that answered a change says of it."""

    REFUSED = "it was not done, and will not be"
    NOT_TAKEN = "it was not done, and may be asked for again"
    OPEN = "nobody knows whether it was done: look before anything else"


def answer_to_change(problem: ClientError | BotoCoreError) -> Answer:
    """Whether a change may have been made, though this came back instead of an answer."""
    if isinstance(problem, _NEVER_SENT):
        return Answer.NOT_TAKEN
    if isinstance(problem, ParamValidationError):
        return Answer.REFUSED
    if isinstance(problem, BotoCoreError):
        return Answer.OPEN
    code, message = problem.response["Error"]["Code"], problem.response["Error"].get("Message", "")
    status = problem.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in THROTTLES:
        return Answer.NOT_TAKEN
    if (
        code in _PERHAPS_OURS
        or _NOTHING_LEFT_TO_DO in message
        or status >= HTTPStatus.INTERNAL_SERVER_ERROR
        or status == HTTPStatus.REQUEST_TIMEOUT
    ):
        return Answer.OPEN
    return Answer.REFUSED
