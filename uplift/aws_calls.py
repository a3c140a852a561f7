"""Calls of AWS made for a person: whatever AWS answers becomes one line that says what was being done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from uplift.errors import UpliftError


class AwsUnavailable(UpliftError):
    """AWS did not answer, or refused the credentials or the call."""

    code = "AwsUnavailable"


@contextmanager
def aws_named(what: str) -> Iterator[None]:
    """Turn whatever AWS answers in a block into one line that says what was being done."""
    try:
        yield
    except (BotoCoreError, ClientError) as problem:
        raise AwsUnavailable(f"{what}: {problem}") from None
