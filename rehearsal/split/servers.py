"""Legacy, app-cache and sidekiq as ElastiCache would have them: a primary and a replica each, behind an address that stays."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

import redis

from rehearsal.cloud.elasticache.endpoint_proxy import Endpoint
from rehearsal.cloud.elasticache.node_factory import REDIS_PORT, NodeFactory
from rehearsal.cloud.elasticache.redis_server import RedisServer

OUR_NAME = "rehearsal"
"""What the rehearsal itself calls its connections: nobody's application."""
_EVENTS = "AKE"


@dataclass(slots=True)
class Group:
    """A replication group, whose nodes `factory` makes. `token_variable` names the environment variable that has its token; None: no TLS
    and no token.
    """

    name: str
    factory: NodeFactory
    primary: RedisServer
    replica: RedisServer
    endpoint: Endpoint
    token: str | None = None
    token_variable: str | None = None
    ca: Path | None = None

    @property
    def url(self) -> str:
        """As an operator writes it: without the token itself."""
        if self.token is None:
            return f"redis://{self.endpoint.host}:{REDIS_PORT}"
        return f"rediss://{self.endpoint.host}:{REDIS_PORT}?ca={self.ca}&password_env={self.token_variable}"

    @property
    def application_url(self) -> str:
        """As a start script gives it to a process that is not told by the pointer."""
        return f"redis://{self.endpoint.host}:{REDIS_PORT}/0"

    def client(self, database: int = 0) -> redis.Redis:
        """Of the primary itself, past the endpoint; by a name that says whose it is."""
        return redis.Redis(
            "127.0.0.1",
            self.primary.port,
            db=database,
            password=self.token,
            protocol=2,
            socket_timeout=60,
            driver_info=None,
            client_name=OUR_NAME,
        )

    def fail_over(self) -> None:
        """The replica has everything that was waited for, and answers at the address from now on; the primary is gone, and ElastiCache puts
        another node in its place.
        """
        gone = self.primary
        self.endpoint.cut()
        # What a failover loses because replication had not come to it is Redis's own loss, and not what is looked for here.
        self.replica.wait_until_level_with(gone)
        self.replica.promote()
        gone.stop()
        self.primary = self.replica
        self.endpoint.point_to(self.primary.port)
        self.endpoint.open()
        self.replica = new_node(self.factory, self.primary.version, self.token)
        self.replica.follow(self.primary)


@dataclass(slots=True)
class SplitServers:
    """Started by `start`; `stop` ends all of them."""

    factory: NodeFactory
    legacy: Group
    app_cache: Group
    sidekiq: Group
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def groups(self) -> tuple[Group, Group, Group]:
        """All three."""
        return self.legacy, self.app_cache, self.sidekiq

    def stop(self) -> None:
        """End every server."""
        for group in self.groups:
            group.endpoint.close()
        self.factory.stop_all()


def start_servers(binaries: dict[str, Path], folder: Path, old: str, new: str, rdb: Path | None = None) -> SplitServers:
    """`rdb`: what legacy begins with."""
    factory = NodeFactory(binaries, folder)
    ca = factory.authority_file.resolve()
    legacy = _group(factory, "legacy", old, rdb=rdb)
    app_cache = _group(factory, "app-cache", new, variable="REHEARSAL_APP_CACHE_TOKEN", ca=ca)
    sidekiq = _group(factory, "sidekiq", new, variable="REHEARSAL_SIDEKIQ_TOKEN", ca=ca)
    for server in (sidekiq.primary, sidekiq.replica):
        server.set_config("maxmemory-policy", "noeviction")
    tokens = {str(group.token_variable): str(group.token) for group in (app_cache, sidekiq)}
    return SplitServers(factory, legacy, app_cache, sidekiq, {**tokens, "REDIS_CA": str(ca)})


def _group(
    factory: NodeFactory, name: str, version: str, *, variable: str | None = None, ca: Path | None = None, rdb: Path | None = None
) -> Group:
    token = secrets.token_hex(16) if variable is not None else None
    primary, replica = new_node(factory, version, token, rdb), new_node(factory, version, token)
    replica.follow(primary)
    return Group(name, factory, primary, replica, factory.endpoint(primary, tls=token is not None), token, variable, ca)


def new_node(factory: NodeFactory, version: str, token: str | None, rdb: Path | None = None) -> RedisServer:
    """With the parameters of its group."""
    server = factory.server(version, password=token, rdb=rdb)
    server.set_config("notify-keyspace-events", _EVENTS)
    server.client.connection_pool.connection_kwargs["client_name"] = OUR_NAME
    server.client.connection_pool.reset()
    return server
