"""A TLS endpoint that loses replies: the server did what it was asked, and the client only sees its connection cut."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress

from rehearsal.cloud.elasticache.endpoint_proxy import ProxyLoop

_CHUNK = 64 * 1024
_END_OF_REPLY = b"\r\n"


class LosesReplies:
    """Cuts one connection after the server answered, in full, requests that begin with a given command."""

    def __init__(self, loop: ProxyLoop, target_port: int, tls: ssl.SSLContext) -> None:
        self._target_port = target_port
        self._command, self._replies = b"", 0
        self._loop = loop
        self._server = loop.run(asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls))
        self.port = int(self._server.sockets[0].getsockname()[1])

    def lose_once(self, command: str, replies: int = 1) -> None:
        """From the next request with this command on, keep that many one-line replies back, then cut."""
        self._command, self._replies = command.encode(), replies

    @property
    def has_lost(self) -> bool:
        """Whether the replies that were to be lost are."""
        return self._replies == 0

    def close(self) -> None:
        """Stop listening."""
        self._loop.loop.call_soon_threadsafe(self._server.close)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        node_reader, node_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        is_losing = asyncio.Event()
        requests = asyncio.create_task(self._pass_requests(reader, node_writer, is_losing))
        with suppress(OSError):
            await self._pass_replies(node_reader, writer, is_losing)
        requests.cancel()
        writer.transport.abort()
        node_writer.transport.abort()

    async def _pass_requests(self, reader: asyncio.StreamReader, node_writer: asyncio.StreamWriter, is_losing: asyncio.Event) -> None:
        while data := await reader.read(_CHUNK):
            if self._command and self._command in data.lower():
                self._command = b""
                is_losing.set()
            node_writer.write(data)
            await node_writer.drain()
        node_writer.write_eof()

    async def _pass_replies(self, node_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_losing: asyncio.Event) -> None:
        while data := await node_reader.read(_CHUNK):
            if not is_losing.is_set():
                writer.write(data)
                await writer.drain()
                continue
            self._replies -= data.count(_END_OF_REPLY)
            if self._replies == 0:
                return
