"""Replies as a subscription receives them, and what one side makes of them."""

from __future__ import annotations

from struct import pack

from uplift.keyspace.follow.event_classes import PROBE_NAMES
from uplift.keyspace.follow.evidence import TouchKind
from uplift.keyspace.follow.key_state import FOREVER, string_token
from uplift.keyspace.follow.messages import begin_text, end_head, marker_text, note_of, token_as_text
from uplift.keyspace.follow.own_names import CANARY, channel_of
from uplift.keyspace.follow.side_events import SideEvents
from uplift.keyspace.keymap.own_keys import is_own_key
from uplift.keyspace.server.replies import ErrorReply, Reply

OWNER = b"1:one"
TOKEN = string_token(b"value")


def source_name(name: bytes) -> bytes | None:
    return None if is_own_key(name) or name.startswith(b"not followed:") else name


def side(name_of: object = None) -> SideEvents:
    return SideEvents(0, source_name if name_of is None else name_of)  # type: ignore[arg-type]


def event(name: bytes, key: bytes) -> list[Reply]:
    return [b"pmessage", b"__keyevent@0__:*", b"__keyevent@0__:" + name, key]


def message(text: bytes) -> list[Reply]:
    return [b"message", channel_of(0), text]


def marker(round_: int, page: int = 0, *, told: bytes = b"") -> list[list[Reply]]:
    return [event(b"expire", CANARY), message(marker_text(OWNER, round_, page, told))]


def begin(round_: int, page: int = 0, owner: bytes = OWNER) -> list[Reply]:
    return message(begin_text(owner, round_, page))


def end(round_: int, *names: bytes, page: int = 0, owner: bytes = OWNER, root: int = 0) -> list[Reply]:
    entries = b""
    for name in names:
        token, note = token_as_text(TOKEN), note_of(name, root, TOKEN, FOREVER)
        entries += pack(">BI", len(token), len(note)) + token + note
    return message(end_head(owner, round_, page) + b"o" * len(names) + b" " + entries)


def fed(*replies: list[Reply] | list[list[Reply]]) -> SideEvents:
    """All in one piece, after the marker of round 5."""
    events = side()
    events.take([*marker(5), *flat(replies)])
    return events


def flat(replies: tuple[list[Reply] | list[list[Reply]], ...]) -> list[Reply | ErrorReply]:
    flat: list[Reply | ErrorReply] = []
    for one in replies:
        flat += one if isinstance(one[0], list) else [one]
    return flat


def kinds(events: SideEvents, key: bytes) -> set[TouchKind]:
    touch = events.touches.before(key, 1 << 60)
    return set() if touch is None else set(touch.kinds)


def probe(letters: str, written: str = "$lshz", asked: str = "$lshz") -> list[list[Reply]]:
    """As a script of lua/probe_classes.lua that wrote to some classes, of which some are on."""
    by_letter = {letter: name for name, letter in PROBE_NAMES.items()}
    replies = [event(b"del", name) for name in PROBE_NAMES]
    for letter in letters:
        replies += [event(b"write", by_letter[letter]), event(b"expire", by_letter[letter])]
    return [*replies, message(b"p %b %b %b" % (OWNER, asked.encode(), written.encode()))]
