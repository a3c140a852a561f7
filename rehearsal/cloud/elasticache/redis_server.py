"""One real redis-server process on loopback, set up as an ElastiCache node.

Commands ElastiCache withholds (user guide, "Supported and restricted commands") are renamed to a secret or
switched off. SYNC and PSYNC stay, since replicas need them under their own names.
"""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

_KEPT_FOR_US = ("CONFIG", "SLAVEOF", "BGSAVE", "SHUTDOWN")
_SWITCHED_OFF = ("BGREWRITEAOF", "DEBUG", "MIGRATE", "SAVE")
_READY_SECONDS = 60.0
_MAX_MEMORY_BYTES = 4 * 1024**3


class RedisServer:
    """A running redis-server of one version. Stopped by the process this object started, never by name."""

    def __init__(self, version: str, binary: Path, folder: Path, *, password: str | None = None, rdb: Path | None = None) -> None:
        self.version = version
        self.folder = folder
        self.port = free_port()
        self.password = password
        self._secret = secrets.token_hex(8)
        folder.mkdir(parents=True)
        if rdb is not None:
            shutil.copy(rdb, folder / "dump.rdb")
        log = (folder / "redis.log").open("wb")
        self._process = subprocess.Popen([str(binary), *self._options()], cwd=folder, stdout=log, stderr=log)
        log.close()
        self.client = self.connect()
        self._wait_for(lambda: bool(self.client.ping()), "to answer")

    def connect(self, database: int = 0) -> redis.Redis:
        """A client of this process itself, past every endpoint."""
        return redis.Redis(
            host="127.0.0.1",
            port=self.port,
            db=database,
            password=self.password,
            protocol=2,
            socket_timeout=60,
            driver_info=None,
            retry=Retry(NoBackoff(), 0),
        )

    def _options(self) -> list[str]:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--protected-mode", "no", "--save", "", "--appendonly", "no"]
        options += ["--maxmemory", str(_MAX_MEMORY_BYTES), "--maxmemory-policy", "volatile-lru", "--repl-diskless-sync", "no"]
        for command in _KEPT_FOR_US:
            options += ["--rename-command", command, self._own(command)]
        for command in _SWITCHED_OFF:
            options += ["--rename-command", command, ""]
        if self.password:
            options += ["--requirepass", self.password, "--masterauth", self.password]
        return options

    def _own(self, command: str) -> str:
        return f"{self._secret}-{command}"

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def set_config(self, name: str, value: str) -> None:
        """CONFIG SET, which only this object can send."""
        self.client.execute_command(self._own("CONFIG"), "SET", name, value)

    def follow(self, primary: RedisServer) -> None:
        """Become a replica of `primary` and wait until the link is up and level with it."""
        self.client.execute_command(self._own("SLAVEOF"), "127.0.0.1", primary.port)
        self._wait_for(lambda: self.client.info("replication").get("master_link_status") == "up", "to synchronise", seconds=600)

    def follow_at_once(self, port: int) -> None:
        """Become a replica of whoever listens on a port, or of nobody, without waiting for the link."""
        self.client.execute_command(self._own("SLAVEOF"), "127.0.0.1", port)
        self._wait_for(lambda: self.client.info("replication").get("master_link_status") == "down", "to lose its primary")

    def lose_every_tenth_key(self) -> None:
        """Forget keys without a word, as a synchronisation that was cut short would."""
        for number, key in enumerate(list(self.client.scan_iter(count=1000))):
            if number % 10 == 0:
                self.client.delete(key)

    def evict_some(self) -> None:
        """Have too little memory until keys were evicted, then enough again: how many is the server's own doing."""
        limit = int(self.client.info("memory")["used_memory"])
        while self.client.info("stats")["evicted_keys"] == 0:
            limit -= 1_000
            self.set_config("maxmemory", str(limit))
        self.set_config("maxmemory", str(_MAX_MEMORY_BYTES))

    def promote(self) -> None:
        """Stop following anybody."""
        self.client.execute_command(self._own("SLAVEOF"), "NO", "ONE")

    def is_level_with(self, primary: RedisServer) -> bool:
        """Whether this replica has received everything `primary` has written."""
        here, there = self.client.info("replication"), primary.client.info("replication")
        return int(here.get("slave_repl_offset", -1)) >= int(there["master_repl_offset"])

    def wait_until_level_with(self, primary: RedisServer) -> None:
        """Wait for the last writes; only sensible when nobody writes any more."""
        self._wait_for(lambda: self.is_level_with(primary), f"to be level with port {primary.port}")

    def save_to(self, path: Path) -> int:
        """BGSAVE and copy the file to `path`; returns its size in bytes."""
        self._wait_for(self._is_not_saving, "to end an earlier save", seconds=600)
        self.client.execute_command(self._own("BGSAVE"))
        self._wait_for(self._is_not_saving, "to save", seconds=600)
        if self.client.info("persistence")["rdb_last_bgsave_status"] != "ok":
            raise RuntimeError(f"redis-server {self.version} on port {self.port} could not save")
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.folder / "dump.rdb", path)
        return path.stat().st_size

    def _is_not_saving(self) -> bool:
        return bool(self.client.info("persistence")["rdb_bgsave_in_progress"] == 0)

    def stop(self) -> None:
        """End the process; safe to call twice."""
        self.client.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait_for(self, condition: Callable[[], bool], what: str, seconds: float = _READY_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                if condition():
                    return
            except (redis.ConnectionError, redis.TimeoutError):
                pass
            time.sleep(0.02)
        log = (self.folder / "redis.log").read_text(errors="replace")[-800:]
        raise RuntimeError(f"redis-server {self.version} on port {self.port} was expected {what}; its log ends: {log}")


def free_port() -> int:
    """A port of loopback nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
