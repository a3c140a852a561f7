"""The pattern of a key: its first word, and the kind of what follows.

Key names carry session tokens, user ids and addresses, so only the first segment may stay in clear, and
only when it looks like a word somebody wrote in code: lower case letters joined by - or _.
"""

from __future__ import annotations

import re

_SEPARATORS = re.compile(rb"([:|/])")
_WORD = re.compile(rb"[a-z]+(?:[-_][a-z]+)*")
_LONGEST_WORD = 40
_KINDS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\d+"), "<number>"),
    (re.compile(rb"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"), "<uuid>"),
    (re.compile(rb"\d{4}-\d\d-\d\d"), "<date>"),
    (re.compile(rb"[0-9a-f]{8,}"), "<hex>"),
    (re.compile(rb"\d{1,3}(?:\.\d{1,3}){3}"), "<ip>"),
    (re.compile(rb"[^@\s]+@[^@\s]+"), "<email>"),
    (re.compile(rb"[a-z]+(?:[-_][a-z]+)*"), "<word>"),
)
_MOST_SEGMENTS = 4


def pattern_of(key: bytes) -> str:
    """Fold a key into its pattern, such as `vets-api-session:<text>`; equal for all keys of one kind, and never secret."""
    parts = _SEPARATORS.split(key)
    segments, separators = parts[::2], [part.decode() for part in parts[1::2]]
    folded = [_first(segments[0]), *(_kind_of(segment) for segment in segments[1:_MOST_SEGMENTS])]
    text = folded[0] + "".join(separator + segment for separator, segment in zip(separators, folded[1:], strict=False))
    return text + ("…" if len(segments) > _MOST_SEGMENTS else "")


def _first(segment: bytes) -> str:
    if len(segment) <= _LONGEST_WORD and _WORD.fullmatch(segment):
        return segment.decode()
    return _kind_of(segment)


def _kind_of(segment: bytes) -> str:
    if not segment:
        return ""
    for expression, kind in _KINDS:
        if expression.fullmatch(segment):
            return kind
    return "<text>"
