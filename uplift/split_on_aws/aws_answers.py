"""What AWS refused or did not answer, as the split's own errors: who follows follows on, and decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from uplift.errors import NotWritten
from uplift.split.store.store import StoreUnreachable

CONDITION_FAILED = "ConditionalCheckFailedException"


@contextmanager
def writing(what: str) -> Iterator[None]:
    """Raises NotWritten naming `what` for whatever speaks against it, save a condition that did not hold: that ClientError is raised."""
    try:
        yield
    except ClientError as problem:
        if code_of(problem) == CONDITION_FAILED:
            raise
        raise NotWritten(f"{what}: {problem}: whether it was written is not known") from None
    except BotoCoreError as problem:
        raise NotWritten(f"{what}: {problem}: whether it was written is not known") from None


@contextmanager
def reading(what: str, *, absent: str = "") -> Iterator[None]:
    """Raises StoreUnreachable naming `what`, save where nothing is there, which AWS says by the code `absent`: that one is raised."""
    try:
        yield
    except ClientError as problem:
        if absent and code_of(problem) == absent:
            raise
        raise StoreUnreachable(f"{what}: {problem}: it cannot be read") from None
    except BotoCoreError as problem:
        raise StoreUnreachable(f"{what}: {problem}: it cannot be read") from None


def code_of(problem: ClientError) -> str:
    """The error code."""
    return str(problem.response["Error"]["Code"])
