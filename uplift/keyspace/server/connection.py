"""A raw connection to one Redis node: hand-built requests out, replies parsed by hiredis.

redis-py costs the client 31 CPU seconds per million keys in pipelines of 500, this 4 (bench/copy.py prints both), so the
engine speaks RESP itself. It uses only commands ElastiCache allows.

Here, once for all who read or write: a server that says it is not ready is waited for, a broken connection is opened again where the
request changes nothing, and an error says which server it came from.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import hiredis

from uplift.errors import BadInput, SourceUnreachable, TargetRefused
from uplift.keyspace.server.endpoint import Endpoint
from uplift.keyspace.server.replies import ErrorReply, Reply

CLIENT_NAME = "uplift"
_READ_BYTES = 256 * 1024
NOT_READY = frozenset({"BUSY", "LOADING", "MASTERDOWN"})
"""What a server answers that will answer otherwise soon: it runs somebody's script, reads its file, or has lost its primary."""
_RECONNECTS = 5
_FIRST_PAUSE_SECONDS = 0.4
# After so many seconds of silence, and so many apart: a NAT gateway forgets a connection that was quiet for 350 s (AWS, NAT gateways).
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 30), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 3))


class NotReady(SourceUnreachable):
    """A server that was waited for and is still not ready."""


class ConnectionLost(SourceUnreachable):
    """A connection that broke while it was used; `connection` is which."""

    def __init__(self, text: str, connection: Connection) -> None:
        super().__init__(text)
        self.connection = connection


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server is waited for, in seconds: while it says that it is not ready, and between tries to reach it again."""

    not_ready_seconds: float = 60.0
    first_pause_seconds: float = _FIRST_PAUSE_SECONDS


PATIENCE = Patience()
LITTLE_PATIENCE = Patience(not_ready_seconds=10.0)


def pack(*arguments: bytes | str | int) -> bytes:
    """One command as RESP."""
    parts = [b"*%d\r\n" % len(arguments)]
    for argument in arguments:
        data = argument if isinstance(argument, bytes) else str(argument).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(data), data))
    return b"".join(parts)


_ROLE_AND_RUN = pack("INFO")


class Connection:
    """One connection, pinned to the address its host name had when it was first opened, and to the process that answered there."""

    def __init__(self, endpoint: Endpoint, *, database: int = 0, timeout_seconds: float = 30.0, patience: Patience | None = None) -> None:
        self.endpoint = endpoint
        self.database = database
        self.patience = patience or PATIENCE
        self._run_id: bytes | None = None
        self._timeout = timeout_seconds
        self._address = (endpoint.address, endpoint.port) if endpoint.address else None
        self._socket: socket.socket | None = None
        self._reader = self._new_reader()
        self.connect()

    def connect(self) -> None:
        """Open, or open again, towards the same address.

        Raises SourceUnreachable, NotReady (a SourceUnreachable), or BadInput for refused credentials.
        """
        self.close()
        self._reader = self._new_reader()
        try:
            if self._address is None:
                found = socket.getaddrinfo(self.endpoint.host, self.endpoint.port, type=socket.SOCK_STREAM)
                self._address = (str(found[0][4][0]), self.endpoint.port)
            plain = socket.create_connection(self._address, timeout=self._timeout)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in _KEEPALIVE:
                plain.setsockopt(socket.IPPROTO_TCP, option, value)
            self._socket = self._encrypted(plain) if self.endpoint.tls else plain
        except (OSError, ssl.SSLError) as problem:
            raise SourceUnreachable(f"{self.endpoint} cannot be reached: {problem}") from problem
        self._introduce()

    def _new_reader(self) -> hiredis.Reader:
        return hiredis.Reader(replyError=lambda text: ErrorReply(text, str(self.endpoint)))

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

    def reconnect(self) -> None:
        """Open again, a few times if need be, towards the process that answered before.

        Raises SourceUnreachable where nobody answers, TargetRefused where another process does: a cursor means nothing to it.
        """
        pause = self.patience.first_pause_seconds
        for _ in range(_RECONNECTS - 1):
            try:
                self.connect()
                break
            except SourceUnreachable:
                time.sleep(pause)
                pause *= 2
        else:
            self.connect()
        if self._run_id is not None and self._read_run_id() != self._run_id:
            raise TargetRefused(f"{self.endpoint} was restarted, or is another server now: run the same command again to go on")

    def remember_process(self, run_id: str) -> None:
        """From now on only the process with this run id is the same server."""
        self._run_id = run_id.encode()

    def _read_run_id(self) -> bytes:
        info = self.call_packed(_ROLE_AND_RUN)
        lines = info.splitlines() if isinstance(info, bytes) else []
        return next((line.partition(b":")[2] for line in lines if line.startswith(b"run_id:")), b"")

    @property
    def pinned(self) -> Endpoint:
        """The endpoint with the address this connection found; further connections made from it reach the same node."""
        return replace(self.endpoint, address=self._address[0]) if self._address else self.endpoint

    def beside(self, database: int | None = None) -> Connection:
        """Another connection to the same node and process, in the same database or another."""
        other = Connection(
            self.pinned, database=self.database if database is None else database, timeout_seconds=self._timeout, patience=self.patience
        )
        other._run_id = self._run_id
        return other

    def select(self, database: int) -> None:
        """Go on in another database; a reconnect comes back to it. Raises BadInput where the server has no such database."""
        try:
            self.ask("SELECT", database)
        except ErrorReply as problem:
            raise BadInput(f"{self.endpoint} database {database}: {problem.safe}") from None
        self.database = database

    def send(self, data: bytes) -> None:
        """Send requests as they are. Raises SourceUnreachable when the connection is gone."""
        try:
            self._open_socket().sendall(data)
        except OSError as problem:
            raise ConnectionLost(f"{self.endpoint} broke off: {problem}", self) from problem

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

    def _feed(self) -> int:
        try:
            data = self._open_socket().recv(_READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            raise
        except OSError as problem:
            raise ConnectionLost(f"{self.endpoint} broke off: {problem}", self) from problem
        if not data:
            raise ConnectionLost(f"{self.endpoint} closed the connection", self)
        self._reader.feed(data)
        return len(data)

    def call(self, *arguments: bytes | str | int) -> Reply:
        """One command and its reply, sent once. Raises ErrorReply, NotReady, or SourceUnreachable."""
        return self.call_packed(pack(*arguments))

    def call_packed(self, request: bytes) -> Reply:
        """One packed command and its reply, as `call`; sent again only to a server that said it was not ready and did nothing."""
        self.send(request)
        reply = self.read()
        if isinstance(reply, ErrorReply):
            return self.once_ready(request, reply)
        return reply

    def once_ready(self, request: bytes, refusal: ErrorReply) -> Reply:
        """The reply to a request that a server answered with `refusal`, once it is ready. Raises `refusal` where that is another one."""
        deadline = time.monotonic() + self.patience.not_ready_seconds
        reply: Reply | ErrorReply = refusal
        while isinstance(reply, ErrorReply):
            if reply.word not in NOT_READY:
                raise reply
            if time.monotonic() > deadline:
                seconds = self.patience.not_ready_seconds
                raise NotReady(f"{self.endpoint} is not ready after {seconds:.0f} s: {reply.safe}; run the same command again once it is")
            time.sleep(0.05)
            self.send(request)
            reply = self.read()
        return reply

    def ask(self, *arguments: bytes | str | int) -> Reply:
        """One command that changes nothing, and its reply; over a new connection where the old one breaks. Raises as `call`."""
        return self.ask_packed(pack(*arguments))

    def ask_packed(self, request: bytes) -> Reply:
        """One packed command that changes nothing, as `ask`."""
        for _ in range(_RECONNECTS):
            try:
                return self.call_packed(request)
            except NotReady:
                raise
            except SourceUnreachable:
                self.reconnect()
        return self.call_packed(request)

    def call_all(self, requests: list[bytes]) -> list[Reply | ErrorReply]:
        """Packed commands in one go, and their replies; sent once."""
        self.send(b"".join(requests))
        return self.read_many(len(requests))

    def ask_all(self, requests: list[bytes]) -> list[Reply | ErrorReply]:
        """Packed commands that change nothing, in one go; over a new connection where the old one breaks."""
        for _ in range(_RECONNECTS):
            try:
                return self.call_all(requests)
            except SourceUnreachable:
                self.reconnect()
        return self.call_all(requests)

    def fileno(self) -> int:
        """For poll(2); -1 where it is closed."""
        return -1 if self._socket is None else self._socket.fileno()

    def arrived(self) -> list[Reply | ErrorReply]:
        """What has come and was not read yet, without waiting: for a connection that is told things it did not ask for.

        Raises ConnectionLost where the connection is gone and everything that came before was taken.
        """
        opened = self._open_socket()
        lost: ConnectionLost | None = None
        opened.settimeout(0)
        try:
            # A buffer that was not filled was the last one; of what TLS still holds poll(2) would know nothing.
            while self._feed() == _READ_BYTES or (isinstance(opened, ssl.SSLSocket) and opened.pending()):
                pass
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        except ConnectionLost as problem:
            lost = problem
        finally:
            opened.settimeout(self._timeout)
        gets = self._reader.gets
        replies: list[Reply | ErrorReply] = []
        while (reply := gets()) is not False:
            replies.append(reply)
        if lost is not None and not replies:
            raise lost
        return replies

    def _open_socket(self) -> socket.socket:
        if self._socket is None:
            raise ConnectionLost(f"{self.endpoint}: the connection is closed", self)
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
    connection = Connection(endpoint, database=database, timeout_seconds=timeout_seconds, patience=LITTLE_PATIENCE)
    try:
        yield connection
    except ErrorReply as problem:
        raise TargetRefused(f"{endpoint} answered: {problem.safe}") from problem
    finally:
        connection.close()
