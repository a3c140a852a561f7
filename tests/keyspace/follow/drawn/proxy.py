"""TCP proxies in front of servers, all driven by one thread: they can be cut, stalled, led elsewhere, or pass on half of what is sent."""

from __future__ import annotations

import os
import selectors
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

_BYTES = 65_536
_WAITING = 1 << 20


@dataclass(eq=False)
class _Half:
    """One direction's end: what is read here goes to `other`."""

    own: socket.socket
    proxy: Proxy
    is_client: bool
    waiting: bytearray = field(default_factory=bytearray)
    other: _Half | None = None


class Proxy:
    """`port` is where it listens, `upstream` where it leads; new connections follow a change of it."""

    def __init__(self, network: Network, upstream: int) -> None:
        self.upstream = upstream
        self.is_stalled = self.is_refusing = False
        self.passes_half = False
        self.network = network
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.port: int = self.listener.getsockname()[1]
        self.halves: set[_Half] = set()

    def cut(self) -> None:
        """Close every connection that leads through here."""
        self.network.do(lambda: self.network.close_all(self))

    def cut_one(self, number: int) -> None:
        """Close one connection of those there are."""
        self.network.do(lambda: self.network.close_nth(self, number))

    def cut_within_next_request(self) -> None:
        """Half of what is sent next arrives, then that connection is gone."""
        self.passes_half = True

    def stall(self) -> None:
        """Nothing passes any more in either direction, and nobody is told."""
        self.is_stalled = True

    def go_on(self) -> None:
        """What was held passes."""
        self.is_stalled = False
        self.network.do(lambda: self.network.push_all(self))

    def refuse(self) -> None:
        """As where the network is gone and says so."""
        self.is_refusing = True
        self.cut()

    def accept_again(self) -> None:
        self.is_refusing = False


class Network:
    """All proxies of a run."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._tasks: list[tuple[Callable[[], None], threading.Event]] = []
        self._lock = threading.Lock()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        self._selector.register(self._wake_read, selectors.EVENT_READ, None)
        self._ends = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def proxy(self, upstream: int) -> Proxy:
        made = Proxy(self, upstream)
        self.do(lambda: self._register(made.listener, selectors.EVENT_READ, made))
        return made

    def do(self, task: Callable[[], None]) -> None:
        """In the thread; returns once it is done."""
        done = threading.Event()
        with self._lock:
            self._tasks.append((task, done))
        os.write(self._wake_write, b"x")
        assert done.wait(30), "the proxies' thread ended"

    def _register(self, one: socket.socket, events: int, data: Proxy | _Half) -> None:
        self._selector.register(one, events, data)

    def close(self) -> None:
        self._ends = True
        os.write(self._wake_write, b"x")
        self._thread.join(10)
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _run(self) -> None:
        while not self._ends:
            for key, events in self._selector.select():
                if key.data is None:
                    self._take_tasks()
                elif isinstance(key.data, Proxy):
                    self._accept(key.data)
                elif key.data in key.data.proxy.halves:
                    if events & selectors.EVENT_WRITE:
                        self._push(key.data)
                    if events & selectors.EVENT_READ and key.data in key.data.proxy.halves:
                        self._pull(key.data)

    def _take_tasks(self) -> None:
        os.read(self._wake_read, 100)
        with self._lock:
            tasks, self._tasks = self._tasks, []
        for task, done in tasks:
            task()
            done.set()

    def _accept(self, proxy: Proxy) -> None:
        try:
            client, _ = proxy.listener.accept()
        except BlockingIOError:
            return
        if proxy.is_refusing:
            client.close()
            return
        try:
            server = socket.create_connection(("127.0.0.1", proxy.upstream), timeout=5)
        except OSError:
            client.close()
            return
        halves = (_Half(client, proxy, True), _Half(server, proxy, False))
        halves[0].other, halves[1].other = halves[1], halves[0]
        for half in halves:
            half.own.setblocking(False)
            half.own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            proxy.halves.add(half)
            self._register(half.own, selectors.EVENT_READ, half)

    def _pull(self, half: _Half) -> None:
        assert half.other is not None
        try:
            data = half.own.recv(_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._close(half)
            return
        if half.is_client and half.proxy.passes_half and b"EVALSHA" in data:
            half.proxy.passes_half = False
            half.other.waiting += data[: len(data) // 2]
            self._push(half.other)
            self._close(half)
            return
        half.other.waiting += data
        self._push(half.other)

    def _push(self, half: _Half) -> None:
        """Send on what waits for this end; while it is too much, or stalled, nothing more is taken from the other end."""
        if half.waiting and not half.proxy.is_stalled:
            try:
                sent = half.own.send(half.waiting)
                del half.waiting[:sent]
            except BlockingIOError:
                pass
            except OSError:
                self._close(half)
                return
        self._listen(half)
        if half.other is not None:
            self._listen(half.other)

    def _listen(self, half: _Half) -> None:
        if half not in half.proxy.halves or half.other is None:
            return
        events = selectors.EVENT_READ if len(half.other.waiting) < _WAITING else 0
        if half.waiting and not half.proxy.is_stalled:
            events |= selectors.EVENT_WRITE
        if half.own in self._selector.get_map():
            if events:
                self._selector.modify(half.own, events, half)
            else:
                self._selector.unregister(half.own)
        elif events:
            self._selector.register(half.own, events, half)

    def _close(self, half: _Half) -> None:
        for one in (half, half.other):
            if one is not None and one in one.proxy.halves:
                one.proxy.halves.discard(one)
                if one.own in self._selector.get_map():
                    self._selector.unregister(one.own)
                one.own.close()

    def close_all(self, proxy: Proxy) -> None:
        for half in list(proxy.halves):
            self._close(half)

    def close_nth(self, proxy: Proxy, number: int) -> None:
        clients = sorted((half for half in proxy.halves if half.is_client), key=lambda half: half.own.getpeername()[1])
        if clients:
            self._close(clients[number % len(clients)])

    def push_all(self, proxy: Proxy) -> None:
        for half in list(proxy.halves):
            if half in proxy.halves:
                self._push(half)
