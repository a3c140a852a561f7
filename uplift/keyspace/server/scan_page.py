"""What any scan returns at a time: pages with values (page_reader.py) and pages of names (name_reader.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, Self, TypeVar


class ScanPage(Protocol):
    """What a scan returns at a time."""

    @property
    def cursor(self) -> int:
        """Where the scan goes on from; 0 at its end."""
        ...

    @property
    def worked(self) -> float:
        """How long the server worked on it, in seconds; 0 where it does not say."""
        ...

    @property
    def all_keys(self) -> Iterable[bytes]:
        """Every key it has, whatever it is."""
        ...

    def without(self, unwanted: Callable[[bytes], bool]) -> Self:
        """The page without some of its keys."""
        ...


PageOf = TypeVar("PageOf", bound=ScanPage)
