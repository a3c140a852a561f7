"""What AWS refused or did not answer, as the split's own errors: who follows follows on, and decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from uplift.errors import NotWritten
from uplift.split.store.store import StoreUnreachable

_CONDITION_FAILED = "ConditionalCheckFailedException"


def writing(what: str) -> AbstractContextManager[None]:
    """Raises NotWritten naming `what` for whatever speaks against it, save a condition that did not hold: that ClientError is raised."""
    return _named(NotWritten, what, "whether it was written is not known", _CONDITION_FAILED)


def reading(what: str, *, absent: str = "") -> AbstractContextManager[None]:
    """Raises StoreUnreachable naming `what`, save where nothing is there, which AWS says by the code `absent`: that one is raised."""
    return _named(StoreUnreachable, what, "it cannot be read", absent)


@contextmanager
def _named(error: type[NotWritten], what: str, so: str, passes: str) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as problem:
        if isinstance(problem, ClientError) and problem.response["Error"]["Code"] == passes:
            raise
        raise error(f"{what}: {problem}: {so}") from None
