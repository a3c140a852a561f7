"""The Lua scripts the engine runs on a server, and how they are sent: by digest, loaded where the server does not have them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files

from uplift.keyspace.server.connection import Connection, ErrorReply, Reply, pack


@dataclass(frozen=True, slots=True)
class Script:
    """One script: its text and the digest servers know it by."""

    text: bytes
    digest: str

    def request(self, keys: list[bytes], *arguments: bytes | str | int) -> bytes:
        """A packed EVALSHA."""
        return pack("EVALSHA", self.digest, len(keys), *keys, *arguments)

    def ensure(self, connection: Connection) -> None:
        """Load it; a server forgets scripts when it restarts or fails over. Raises ErrorReply."""
        connection.call("SCRIPT", "LOAD", self.text)

    def call(self, connection: Connection, keys: list[bytes], *arguments: bytes | str | int) -> Reply:
        """Run it and wait. Raises ErrorReply."""
        request = self.request(keys, *arguments)
        try:
            return connection.call_packed(request)
        except ErrorReply as problem:
            if problem.word != "NOSCRIPT":
                raise
        self.ensure(connection)
        return connection.call_packed(request)


def _script(name: str) -> Script:
    text = files("uplift.keyspace.server").joinpath("lua", name).read_bytes()
    # Redis names scripts by SHA-1; it protects nothing here.
    return Script(text, hashlib.sha1(text, usedforsecurity=False).hexdigest())


READ = _script("read.lua")
SIZES = _script("sizes.lua")
MISSING = _script("missing.lua")
