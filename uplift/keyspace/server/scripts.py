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

    def whole_request(self, keys: list[bytes]) -> bytes:
        """A packed EVAL with the text itself, for a transaction: there it is too late to load a script."""
        return pack("EVAL", self.text, len(keys), *keys)

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


def _script(*names: str) -> Script:
    folder = files("uplift.keyspace.server").joinpath("lua")
    text = b"".join(folder.joinpath(name).read_bytes() for name in names)
    # Redis names scripts by SHA-1; it protects nothing here.
    return Script(text, hashlib.sha1(text, usedforsecurity=False).hexdigest())


READ = _script("read_ttls.lua", "read_page.lua")
ENDS = _script("read_ttls.lua", "key_expiry.lua")
SIZES = _script("key_sizes.lua")
MISSING = _script("missing_keys.lua")
