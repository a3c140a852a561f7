"""The change that brings one side of a key to the state of the other."""

from __future__ import annotations

from uplift.errors import NotConvertible
from uplift.keyspace.follow.applying import Change, Write
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.judgement import Judgement
from uplift.keyspace.follow.key_state import ABSENT, FOREVER, State
from uplift.keyspace.follow.pages import name_on
from uplift.keyspace.keymap.routing import Rule
from uplift.keyspace.rdb.payload import converted, fits, payload_version


def change_to(
    state: State | None, key: bytes, rule: Rule, server: FollowedServer, expected: bytes, expected_life: int, found: Judgement
) -> Change | None:
    """Bring a server to a state of the other side, where it holds what is expected; None where it cannot hold it, which names the key."""
    name = name_on(server.side, key, rule)
    if state is None:
        return Change(key, name, expected, expected_life, Write.DELETE, b"", FOREVER, ABSENT)
    value = state.value or b""
    if state.is_string:
        return Change(key, name, expected, expected_life, Write.STRING, value, state.life, state.token)
    newest = server.newest_payload
    if not fits(payload_version(value), newest):
        try:
            value = converted(value, newest)
        except NotConvertible as problem:
            found.named.append((key, f"{server.name} cannot hold it: {problem}"))
            return None
    return Change(key, name, expected, expected_life, Write.PAYLOAD, value, state.life, state.token)
