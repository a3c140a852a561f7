"""Makes nodes: a real server, an address of its own, TLS in front where the group has it."""

from __future__ import annotations

import itertools
import random
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import trustme

from rehearsal.cloud.elasticache.auth_tokens import AuthTokens
from rehearsal.cloud.elasticache.endpoint_proxy import Endpoint, ProxyLoop
from rehearsal.cloud.elasticache.parameters import NOT_FOR_THE_SERVER
from rehearsal.cloud.elasticache.redis_server import RedisServer
from rehearsal.cloud.elasticache.state import Node
from rehearsal.cloud.errors import refused

REDIS_PORT = 6379


class NodeFactory:
    """Gives out servers, and addresses of nets 127.A.B.0/24 that no other cloud on this machine uses."""

    def __init__(self, binaries: dict[str, Path], folder: Path) -> None:
        self._binaries = dict(binaries)
        self._folder = folder
        self._loop = ProxyLoop()
        self._hosts = addresses()
        self._names = itertools.count(1)
        self._authority = trustme.CA()
        self.authority_file = folder / "ca.pem"
        folder.mkdir(parents=True, exist_ok=True)
        self._authority.cert_pem.write_to_path(str(self.authority_file))
        self.servers: list[RedisServer] = []

    @property
    def versions(self) -> list[str]:
        """The versions there is a binary for."""
        return list(self._binaries)

    def begin_with(self, version: str, before: str) -> str:
        """Words in front of the command of a version's servers: what such a version is called."""
        name = f"{version}-behind-{before.split()[0].rpartition('/')[2]}"
        script = self._folder / f"{name}.sh"
        script.write_text(f'#!/bin/sh\nexec {before} {self._binaries[version].resolve()} "$@"\n')
        script.chmod(0o755)
        self._binaries[name] = script.resolve()
        return name

    def server(self, version: str, *, password: str | None = None, rdb: Path | None = None) -> RedisServer:
        """Start a server of one version."""
        if version not in self._binaries:
            raise refused("InvalidParameterCombination", f"Cannot find version {version} for redis")
        folder = self._folder / f"{next(self._names):03}-redis-{version}"
        server = RedisServer(version, self._binaries[version], folder, password=password, rdb=rdb)
        self.servers.append(server)
        return server

    def endpoint(self, target: RedisServer, *, tls: bool, tokens: AuthTokens | None = None) -> Endpoint:
        """A new address on the default port in front of a server."""
        host = next(self._hosts)
        first_bytes = tokens.translate if tokens is not None else None
        return Endpoint(self._loop, host, REDIS_PORT, target.port, self._tls_for(host) if tls else None, first_bytes)

    def _tls_for(self, host: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # TLS 1.3 sends session tickets unasked, which redis-py's pool takes for a stray reply and gives the connection up.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        self._authority.issue_cert(host).configure_cert(context)
        return context

    def stop_all(self) -> None:
        """Stop every server this factory started."""
        for server in self.servers:
            server.stop()


def apply_parameters(node: Node, values: dict[str, str]) -> None:
    """Set what the server itself understands; the rest is ElastiCache's own and only kept."""
    for name, value in values.items():
        if name not in NOT_FOR_THE_SERVER:
            node.server.set_config(name, value)


def addresses() -> Iterator[str]:
    """Addresses of one unused net, and of another when they are used up."""
    while True:
        net = _unused_net()
        yield from (f"{net}.{host}" for host in range(1, 255))


def _unused_net() -> str:
    while True:
        net = f"127.{random.randint(10, 250)}.{random.randint(1, 250)}"
        with socket.socket() as probe:
            try:
                probe.bind((f"{net}.1", REDIS_PORT))
            except OSError:
                continue
            return net
