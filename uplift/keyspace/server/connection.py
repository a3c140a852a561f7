"""A raw connection to one Redis node: hand-built requests out, replies parsed by hiredis.

redis-py costs the client 31 CPU seconds per million keys in pipelines of 500, this 4 (bench/copy.py prints both), so the
engine speaks RESP itself. It uses only commands ElastiCache allows.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import hiredis

from uplift.errors import BadInput, SourceUnreachable, TargetRefused, UpliftError
from uplift.keyspace.server.endpoint import Endpoint

CLIENT_NAME = "uplift"
_READ_BYTES = 256 * 1024
_BUSY_SECONDS = 10.0

Reply = bytes | int | None | list["Reply"]
"""What a server answers; an error inside an array stays an ErrorReply."""


class ErrorReply(UpliftError):
    """An error a server answered with. `word` is its first word, such as OOM."""

    code = "ErrorReply"

    def __str__(self) -> str:
        """Where nobody knows better what was asked for."""
        return f"a server answered: {self.safe}"

    @property
    def word(self) -> str:
        """The code at the front."""
        return str(self.args[0]).split(" ", 1)[0]

    @property
    def safe(self) -> str:
        """The text without the arguments some versions repeat in it: they could be key names."""
        return str(self.args[0]).split(", with args", 1)[0].split("`", 1)[0][:120].strip()


def pack(*arguments: bytes | str | int) -> bytes:
    """One command as RESP."""
    parts = [b"*%d\r\n" % len(arguments)]
    for argument in arguments:
        data = argument if isinstance(argument, bytes) else str(argument).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(data), data))
    return b"".join(parts)


class Connection:
    """One connection, pinned to the address its host name had when it was first opened."""

    def __init__(self, endpoint: Endpoint, *, database: int = 0, timeout_seconds: float = 30.0) -> None:
        self.endpoint = endpoint
        self.database = database
        self._timeout = timeout_seconds
        self._address = (endpoint.address, endpoint.port) if endpoint.address else None
        self._socket: socket.socket | None = None
        self._reader = hiredis.Reader(replyError=ErrorReply)
        self.connect()

    def connect(self) -> None:
        """Open, or open again, towards the same address. Raises SourceUnreachable, or BadInput for refused credentials."""
        self.close()
        self._reader = hiredis.Reader(replyError=ErrorReply)
        try:
            if self._address is None:
                found = socket.getaddrinfo(self.endpoint.host, self.endpoint.port, type=socket.SOCK_STREAM)
                self._address = (str(found[0][4][0]), self.endpoint.port)
            plain = socket.create_connection(self._address, timeout=self._timeout)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = self._encrypted(plain) if self.endpoint.tls else plain
        except (OSError, ssl.SSLError) as problem:
            raise SourceUnreachable(f"{self.endpoint} cannot be reached: {problem}") from problem
        self._introduce()

    def _encrypted(self, plain: socket.socket) -> ssl.SSLSocket:
        endpoint = self.endpoint
        context = ssl.create_default_context(cafile=str(endpoint.ca_file) if endpoint.ca_file else None)
        if endpoint.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(plain, server_hostname=endpoint.server_name or endpoint.host)

    def _introduce(self) -> None:
        endpoint = self.endpoint
        if endpoint.password is not None:
            # Below Redis 6 AUTH takes one argument; an ElastiCache token belongs to the user "default".
            user = [] if endpoint.username in {"", "default"} else [endpoint.username]
            try:
                self.call("AUTH", *user, endpoint.password)
            except ErrorReply as problem:
                hint = " (below Redis 6 AUTH takes no user: leave it empty)" if user else ""
                raise BadInput(f"{endpoint} refuses the password: {problem.safe}{hint}") from None
        try:
            self.call("CLIENT", "SETNAME", CLIENT_NAME)
            if self.database:
                self.call("SELECT", self.database)
        except ErrorReply as problem:
            if problem.word == "NOAUTH":
                raise BadInput(f"{endpoint} asks for a password: give it in the URL, by password_env= or by password_secret=") from None
            raise BadInput(f"{endpoint} database {self.database}: {problem.safe}") from None

    @property
    def pinned(self) -> Endpoint:
        """The endpoint with the address this connection found; further connections made from it reach the same node."""
        return replace(self.endpoint, address=self._address[0]) if self._address else self.endpoint

    def select(self, database: int) -> None:
        """Go on in another database; a reconnect comes back to it. Raises BadInput where the server has no such database."""
        try:
            self.call("SELECT", database)
        except ErrorReply as problem:
            raise BadInput(f"{self.endpoint} database {database}: {problem.safe}") from None
        self.database = database

    def send(self, data: bytes) -> None:
        """Send requests as they are. Raises SourceUnreachable when the connection is gone."""
        try:
            self._open_socket().sendall(data)
        except OSError as problem:
            raise SourceUnreachable(f"{self.endpoint} broke off: {problem}") from problem

    def read(self) -> Reply | ErrorReply:
        """The next reply; an error the server answered with is returned, not raised."""
        return self.read_many(1)[0]

    def read_many(self, count: int) -> list[Reply | ErrorReply]:
        """The next `count` replies."""
        gets = self._reader.gets
        replies: list[Reply | ErrorReply] = []
        try:
            for _ in range(count):
                reply = gets()
                while reply is False:
                    self._feed()
                    reply = gets()
                replies.append(reply)
        except hiredis.HiredisError:
            raise SourceUnreachable(f"{self.endpoint} does not answer as a Redis does (a TLS port needs rediss://)") from None
        return replies

    def _feed(self) -> None:
        try:
            data = self._open_socket().recv(_READ_BYTES)
        except OSError as problem:
            raise SourceUnreachable(f"{self.endpoint} broke off: {problem}") from problem
        if not data:
            raise SourceUnreachable(f"{self.endpoint} closed the connection")
        self._reader.feed(data)

    def call(self, *arguments: bytes | str | int) -> Reply:
        """One command and its reply. Raises ErrorReply; waits up to ten seconds while somebody's script holds the server."""
        return self.call_packed(pack(*arguments))

    def call_packed(self, request: bytes) -> Reply:
        """One packed command and its reply, as `call`."""
        deadline = time.monotonic() + _BUSY_SECONDS
        while True:
            self.send(request)
            reply = self.read()
            if not isinstance(reply, ErrorReply):
                return reply
            if reply.word != "BUSY" or time.monotonic() > deadline:
                raise reply
            time.sleep(0.05)

    def call_all(self, requests: list[bytes]) -> list[Reply | ErrorReply]:
        """Packed commands in one go, and their replies."""
        self.send(b"".join(requests))
        return self.read_many(len(requests))

    def _open_socket(self) -> socket.socket:
        if self._socket is None:
            raise SourceUnreachable(f"{self.endpoint}: the connection is closed")
        return self._socket

    def close(self) -> None:
        """Close it; safe to call twice."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


@contextmanager
def connected(endpoint: Endpoint, *, database: int = 0, timeout_seconds: float = 10.0) -> Iterator[Connection]:
    """Open a connection for one block.

    Raises SourceUnreachable, naming the address, when connecting or anything inside fails for the network's sake, and
    TargetRefused for an error the server answered with that nobody inside caught.
    """
    connection = Connection(endpoint, database=database, timeout_seconds=timeout_seconds)
    try:
        yield connection
    except ErrorReply as problem:
        raise TargetRefused(f"{endpoint} answered: {problem.safe}") from problem
    finally:
        connection.close()
