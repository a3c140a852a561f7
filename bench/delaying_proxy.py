"""The C proxy that holds every chunk for so long: compiled when its source is newer, and started as a process of its own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from uplift.keyspace.server.endpoint import Endpoint

_SOURCE = Path(__file__).with_suffix(".c")
_PROGRAM = Path(".cache/delaying_proxy")


@dataclass(frozen=True)
class DelayingProxy:
    """`endpoints` lead to the ports it was started for, in their order."""

    pid: int
    endpoints: tuple[Endpoint, ...]


@contextmanager
def delaying_proxy(milliseconds: float, ports: list[int]) -> Iterator[DelayingProxy]:
    """A proxy in front of these ports, `milliseconds` longer each way."""
    command = [str(_compiled()), str(round(milliseconds * 1000)), *map(str, ports)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        own = process.stdout.readline().split()
        yield DelayingProxy(process.pid, tuple(Endpoint("127.0.0.1", int(port)) for port in own))


def _compiled() -> Path:
    if not _PROGRAM.exists() or _PROGRAM.stat().st_mtime < _SOURCE.stat().st_mtime:
        compiler = shutil.which("cc") or shutil.which("gcc")
        assert compiler, "a C compiler is missing: install gcc"
        subprocess.run([compiler, "-O2", "-Wall", "-Wextra", "-o", str(_PROGRAM), str(_SOURCE)], check=True)
    return _PROGRAM
