"""What a key too big for a page is on one server: read in pieces, watched meanwhile, and known by a digest that both servers share."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from uplift.keyspace.follow.key_state import FOREVER, State, payload_token, string_token
from uplift.keyspace.follow.scripts import DUMP_SETTLED
from uplift.keyspace.server.big_value_reader import BigValueReader
from uplift.keyspace.server.connection import pack
from uplift.keyspace.server.expiry import NO_SUCH_KEY, NO_TTL
from uplift.keyspace.server.page_reader import ReadLimits, TooBig
from uplift.keyspace.server.replies import as_bytes, as_int, as_list
from uplift.keyspace.server.scripts import ENDS
from uplift.keyspace.server.stream_pieces import memory_bytes
from uplift.keyspace.server.target import Target
from uplift.keyspace.server.value_pieces import LENGTHS

BIG = b"B"
"""The first byte of the token of a value that was read in pieces."""
_DIGEST_BYTES = 8
_OVER = {0, NO_SUCH_KEY}


@dataclass(frozen=True, slots=True)
class BigLook:
    """`state` None: it is not there. Its token is the value's digest, the same on both sides; `page_token` is the one that a page's reading
    would have given, b"" where the value is too big for that. `clock` in ms.
    """

    state: State | None
    page_token: bytes
    clock: int

    def entry(self, name: bytes) -> TooBig:
        """As what copies big keys takes it."""
        state = self.state
        if state is None:
            raise ValueError("a key that is not there has no entry")
        return TooBig(name, NO_TTL if state.life == FOREVER else max(1, state.life - self.clock), state.kind, state.size)


def watch(server: Target, name: bytes) -> None:
    """From now on the next EXEC of this connection fails where somebody touched the key. Raises what Connection.call raises."""
    server.connection.call("WATCH", name)


def is_untouched(server: Target) -> bool:
    """Whether nobody touched what was watched; it is watched no longer."""
    return isinstance(server.connection.call_all([pack("MULTI"), pack("EXEC")])[-1], list)


def look(server: Target, name: bytes, limits: ReadLimits) -> BigLook:
    """Read a value of any size for its digest. Raises ErrorReply where its type changes meanwhile, or SourceUnreachable."""
    connection = server.connection
    clock, ttl = _clock_and_ttl(server, name)
    kind = as_bytes(connection.call("TYPE", name))
    if kind == b"none" or ttl in _OVER:
        return BigLook(None, b"", clock)
    life = FOREVER if ttl == NO_TTL else clock + ttl
    reader = BigValueReader(connection, limits, server.facts.fields_may_expire)
    is_stream = kind not in LENGTHS
    parts = reader.stream_digest(name) if is_stream else reader.digest(name, kind)
    size = memory_bytes(connection, name) if is_stream else as_int(connection.call(LENGTHS[kind], name))
    digest = hashlib.blake2b(repr((kind, *parts)).encode(), digest_size=_DIGEST_BYTES).digest()
    page_token = _page_token(server, name, kind, size, limits)
    if life != FOREVER:
        # WATCH does not tell of a life that ended between two pieces (up to 5.0, src/expire.c): what was read then is no state it had.
        clock_after, ttl_after = _clock_and_ttl(server, name)
        if ttl_after in _OVER:
            return BigLook(None, b"", clock_after)
    return BigLook(State(BIG + digest, life, None, kind, size), page_token, clock)


def _clock_and_ttl(server: Target, name: bytes) -> tuple[int, int]:
    """The server's time in ms since 1970, and what PTTL says."""
    seconds, microseconds, ttl = as_list(ENDS.call(server.connection, [name]))
    return int(as_bytes(seconds)) * 1000 + int(as_bytes(microseconds)) // 1000, as_int(ttl)


def _page_token(server: Target, name: bytes, kind: bytes, size: int, limits: ReadLimits) -> bytes:
    if size > (limits.value_bytes if kind == b"string" or kind not in LENGTHS else limits.value_elements):
        return b""
    value = server.connection.call("GET", name) if kind == b"string" else DUMP_SETTLED.call(server.connection, [name])
    if value is None:
        return b""
    return string_token(as_bytes(value)) if kind == b"string" else payload_token(as_bytes(value))
