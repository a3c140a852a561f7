"""How an engine reaches the servers: by their own addresses, as every engine of a run must, but through proxies that are its alone."""

from __future__ import annotations

import json
import os
import socket
from typing import Any

from uplift.cli.options.keymap_file import DEFAULT_KEYMAP, sound_keymap

ALLOWED = "test"
KEYMAP = sound_keymap(DEFAULT_KEYMAP)
WAYS = "SPLIT_DRAWN_WAYS"
"""In the environment, so that a process which an engine starts goes the same way: ports of proxies by ports of servers, as JSON."""


def go_own_way() -> None:
    """From now on, in this process."""
    ways = {int(port): int(proxy) for port, proxy in json.loads(os.environ.get(WAYS, "{}")).items()}
    connect = socket.create_connection

    def by_proxy(address: tuple[str, int], *arguments: Any, **named: Any) -> socket.socket:
        host, port = address
        return connect((host, ways.get(port, port)), *arguments, **named)

    socket.create_connection = by_proxy  # type: ignore[assignment]
