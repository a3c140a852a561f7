"""The Lua scripts the engine runs on a server, and how they are sent: by digest, loaded where the server does not have them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files

from uplift.errors import SourceUnreachable, TargetRefused
from uplift.keyspace.server.connection import Connection, pack
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.replies import ErrorReply, Reply

_MOST_LOADS = 5
STALLED = "STALLED"
"""The first word of what lua/read_ttls.lua answers where the server stood still whenever TTLs were read."""


def stands_still(endpoint: Endpoint) -> SourceUnreachable:
    """What to raise for an answer that begins with STALLED."""
    return SourceUnreachable(f"{endpoint}: TTLs could not be read, because the server stood still at every try; run the same command again")


@dataclass(frozen=True, slots=True)
class Script:
    """One script: its text and the digest servers know it by."""

    text: bytes
    digest: str

    def request(self, keys: list[bytes], *arguments: bytes | str | int) -> bytes:
        """A packed EVALSHA."""
        return pack("EVALSHA", self.digest, len(keys), *keys, *arguments)

    def request_of_packed(self, keys: list[bytes], packed: list[bytes], count: int) -> bytes:
        """As `request`, with `count` arguments that were packed already: for one with hundreds of them."""
        head = b"*%d\r\n$7\r\nEVALSHA\r\n$40\r\n%b\r\n$%d\r\n%d\r\n" % (
            3 + len(keys) + count, self.digest.encode(), len(str(len(keys))), len(keys),
        )  # fmt: skip
        return b"".join([head, *[b"$%d\r\n%b\r\n" % (len(key), key) for key in keys], *packed])

    def whole_request(self, keys: list[bytes]) -> bytes:
        """A packed EVAL with the text itself, for a transaction: there it is too late to load a script."""
        return pack("EVAL", self.text, len(keys), *keys)

    def ensure(self, connection: Connection) -> None:
        """Load it; a server forgets scripts when it restarts or fails over. Raises ErrorReply."""
        connection.ask("SCRIPT", "LOAD", self.text)

    def ask(self, connection: Connection, keys: list[bytes], *arguments: bytes | str | int) -> Reply:
        """Run it, where it changes nothing, and wait. Raises as `Connection.ask`."""
        return self.answered(connection, self.request(keys, *arguments), connection.ask_packed)

    def call(self, connection: Connection, keys: list[bytes], *arguments: bytes | str | int) -> Reply:
        """Run it once, and wait. Raises as `Connection.call`."""
        return self.answered(connection, self.request(keys, *arguments), connection.call_packed)

    def answered(self, connection: Connection, request: bytes, send: Callable[[bytes], Reply]) -> Reply:
        """The reply to a request of this script; the script is loaded where the server does not have it (any more)."""
        for _ in range(_MOST_LOADS):
            try:
                return send(request)
            except ErrorReply as problem:
                if problem.word != "NOSCRIPT":
                    raise
            self.ensure(connection)
        raise TargetRefused(f"{connection.endpoint} forgot a script right after it was loaded, {_MOST_LOADS} times: who runs SCRIPT FLUSH?")


_HERE = "uplift.keyspace.server"


def lua_text(name: str, package: str = _HERE) -> bytes:
    """A file of a package's folder `lua`."""
    return files(package).joinpath("lua").joinpath(name).read_bytes()


def script_of(*texts: bytes) -> Script:
    """The script these texts make, one behind the other."""
    text = b"".join(texts)
    # Redis names scripts by SHA-1; it protects nothing here.
    return Script(text, hashlib.sha1(text, usedforsecurity=False).hexdigest())


READ_TTLS = lua_text("read_ttls.lua")
"""The head of every script that answers when keys expire."""
READ = script_of(READ_TTLS, lua_text("read_page.lua"))
ENDS = script_of(READ_TTLS, lua_text("key_expiry.lua"))
SIZES = script_of(lua_text("key_sizes.lua"))
MISSING = script_of(lua_text("missing_keys.lua"))
SWAP = script_of(lua_text("swap_in.lua"))
