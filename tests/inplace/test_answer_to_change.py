"""What an error says of a change: refused, not taken, or open. Each row is an answer botocore gives for real."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ProxyConnectionError,
    ReadTimeoutError,
)

from uplift.answer_to_change import Answer, answer_to_change

URL = "https://elasticache.us-gov-west-1.amazonaws.com"


def _error(code: str, status: int, message: str = "") -> ClientError:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "ModifyReplicationGroup")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("problem", "answer"),
    [
        (_error("InvalidParameterCombination", 400, "Expected a parameter group of family redis5.0"), Answer.REFUSED),
        (_error("AccessDenied", 403), Answer.REFUSED),
        (_error("ExpiredToken", 403), Answer.REFUSED),
        (_error("InsufficientCacheClusterCapacity", 400), Answer.REFUSED),
        (ParamValidationError(report="x"), Answer.REFUSED),
        (_error("Throttling", 400), Answer.NOT_TAKEN),
        (_error("RequestLimitExceeded", 503), Answer.NOT_TAKEN),
        (EndpointConnectionError(endpoint_url=URL), Answer.NOT_TAKEN),
        (ConnectTimeoutError(endpoint_url=URL), Answer.NOT_TAKEN),
        (NoCredentialsError(), Answer.NOT_TAKEN),
        # The second of two, of which the first may have been taken.
        (_error("InvalidReplicationGroupState", 400), Answer.OPEN),
        (_error("InvalidCacheClusterState", 400), Answer.OPEN),
        (_error("InvalidParameterCombination", 400, "No modifications were requested"), Answer.OPEN),
        (_error("ServiceUnavailable", 503), Answer.OPEN),
        (_error("InternalFailure", 500), Answer.OPEN),
        (_error("RequestTimeout", 408), Answer.OPEN),
        (ConnectionClosedError(endpoint_url=URL), Answer.OPEN),
        (ReadTimeoutError(endpoint_url=URL), Answer.OPEN),
        # urllib3 calls a connection so, too, that a proxy cut after the request had arrived.
        (ProxyConnectionError(proxy_url="http://proxy"), Answer.OPEN),
        (BotoCoreError(), Answer.OPEN),
    ],
    ids=str,
)
def test_what_an_error_says(problem: ClientError | BotoCoreError, answer: Answer) -> None:
    assert answer_to_change(problem) is answer
