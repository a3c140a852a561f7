"""The fixed address clients know: a proxy that can be pointed at another node, cut, and opened again.

ElastiCache's names stay when nodes change (user guide, "Finding endpoints"). With TLS the proxy ends it, as
ElastiCache does in front of Redis versions that have none themselves.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")
_CHUNK = 256 * 1024
_LAST_REPLIES_SECONDS = 0.25


class ProxyLoop:
    """One event loop on one thread for all endpoints."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True, name="endpoints").start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run one coroutine there and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()


class Endpoint:
    """One listening address in front of one node at a time."""

    def __init__(
        self,
        loop: ProxyLoop,
        host: str,
        port: int,
        target_port: int,
        tls: ssl.SSLContext | None = None,
        first_bytes: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self.host, self.port = host, port
        self._loop = loop
        self._target_port = target_port
        self._first_bytes = first_bytes
        self._is_open = True
        self._connections: set[_Connection] = set()
        self._server = loop.run(asyncio.start_server(self._serve, host, port, ssl=tls, limit=_CHUNK))

    def point_to(self, target_port: int) -> None:
        """Send new connections to another node; open ones stay where they are."""
        self._target_port = target_port

    def cut(self) -> None:
        """Refuse new connections, let replies on the way arrive, then close the old ones.

        Requests are no longer passed on from the start, so a reply that a client got stands for a write
        that the node made: the cut itself loses no acknowledged write.
        """
        self._is_open = False
        self._loop.run(self._cut_all())

    def open(self) -> None:
        """Accept connections again."""
        self._is_open = True

    def replace_node(self, target_port: int) -> None:
        """Swap the node behind the address without an outage of the address itself; open connections are closed."""
        self.cut()
        self.point_to(target_port)
        self.open()

    def close(self) -> None:
        """Stop listening."""
        self.cut()
        self._loop.loop.call_soon_threadsafe(self._server.close)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._is_open:
            writer.transport.abort()
            return
        try:
            node_reader, node_writer = await asyncio.open_connection("127.0.0.1", self._target_port, limit=_CHUNK)
        except OSError:
            writer.transport.abort()
            return
        connection = _Connection(reader, writer, node_reader, node_writer, self._first_bytes)
        self._connections.add(connection)
        try:
            await connection.relay()
        finally:
            self._connections.discard(connection)

    async def _cut_all(self) -> None:
        for connection in list(self._connections):
            connection.stop_requests()
        await asyncio.sleep(_LAST_REPLIES_SECONDS)
        for connection in list(self._connections):
            connection.abort()


class _Connection:
    """One client's connection and the one to the node behind it."""

    def __init__(
        self,
        client_reader: asyncio.StreamReader,
        client_writer: asyncio.StreamWriter,
        node_reader: asyncio.StreamReader,
        node_writer: asyncio.StreamWriter,
        first_bytes: Callable[[bytes], bytes] | None,
    ) -> None:
        self._first_bytes = first_bytes
        self._client = (client_reader, client_writer)
        self._node = (node_reader, node_writer)
        self._requests: asyncio.Task[None] | None = None

    async def relay(self) -> None:
        self._requests = asyncio.create_task(_pump(self._client[0], self._node[1], self._first_bytes))
        replies = asyncio.create_task(_pump(self._node[0], self._client[1]))
        with suppress(asyncio.CancelledError):
            await self._requests
            self._node[1].transport.abort()
        await replies
        self.abort()

    def stop_requests(self) -> None:
        if self._requests is not None:
            self._requests.cancel()

    def abort(self) -> None:
        self._client[1].transport.abort()
        self._node[1].transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first_bytes: Callable[[bytes], bytes] | None = None) -> None:
    with suppress(ConnectionError, ssl.SSLError, OSError):
        while data := await reader.read(_CHUNK):
            writer.write(first_bytes(data) if first_bytes is not None else data)
            first_bytes = None
            await writer.drain()
