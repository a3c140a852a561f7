"""Names of queues, processes and keys of Sidekiq as they are shown: they are bytes, and may hold anything. And how many of a thing."""

from __future__ import annotations

from collections.abc import Iterable

_MOST_NAMES = 8
_LONGEST = 120


def whole_name(name: bytes) -> str:
    """As text in one line, for machines; what cannot be printed is written as an escape."""
    return printable(name.decode("utf-8", "backslashreplace"))


def shown_name(name: bytes) -> str:
    """The same for people: a long one is cut."""
    return cut(whole_name(name))


def printable(text: str) -> str:
    """What cannot be printed, such as a control character, is written as an escape."""
    return text if text.isprintable() else "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def cut(text: str) -> str:
    """At most 120 letters."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def shown_names(names: Iterable[bytes]) -> str:
    """Some of them in their order, and how many more there are."""
    ordered = sorted(names)
    text = ", ".join(shown_name(name) for name in ordered[:_MOST_NAMES])
    return text + (f" and {len(ordered) - _MOST_NAMES:,} more" if len(ordered) > _MOST_NAMES else "")


def counted(number: int, one: str, more: str) -> str:
    """Such as `1 job` and `2 jobs`."""
    return f"{number:,} {one if number == 1 else more}"
