"""What a person asks for where one target takes all."""

from __future__ import annotations

from typing import Any

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.keyspace.everything import endpoint
from uplift.keyspace.copy.copy import CopyOptions
from uplift.keyspace.copy.prepare import CopyRequest
from uplift.keyspace.keymap.model import one_target_takes_all
from uplift.keyspace.server.source_and_targets import TargetUrl
from uplift.keyspace.verify.run import VerifyRequest

_KEYMAP = one_target_takes_all("target")


def copy_request(source: RedisServer, target: RedisServer, options: CopyOptions | None = None) -> CopyRequest:
    return CopyRequest(endpoint(source), _target(target), _KEYMAP, options=options or CopyOptions())


def verify_request(source: RedisServer, target: RedisServer, **wanted: Any) -> VerifyRequest:
    """`wanted`: further fields of VerifyRequest."""
    return VerifyRequest(endpoint(source), _target(target), _KEYMAP, **wanted)


def _target(server: RedisServer) -> tuple[TargetUrl, ...]:
    return (TargetUrl("target", endpoint(server), None),)
