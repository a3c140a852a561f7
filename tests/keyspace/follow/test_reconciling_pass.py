"""The reconciling pass: when it is over, and when another one begins."""

from __future__ import annotations

import pytest

from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint
from uplift.keyspace.follow import reconciling_pass
from uplift.keyspace.follow.followed_server import FollowedServer
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.reconciling_pass import ReconcilingPass
from uplift.keyspace.keymap.model import one_target_takes_all
from uplift.keyspace.keymap.routing import build_router


def test_a_pass_that_waits_for_what_it_left_to_rounds_is_not_begun_anew(start_redis: StartRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciling_pass, "_PAUSE_SECONDS", 0.0)
    servers = [start_redis(version) for version in ("3.2.6", "5.0.6")]
    servers[0].client.set("key", "value")
    followed = [FollowedServer(side, side.name, endpoint(servers[side]), 0, lambda name: name) for side in Side]
    passes = ReconcilingPass(followed[0], followed[1:], build_router(one_target_takes_all("target"), ("target",)))

    def fed(first_round: int) -> list[bytes]:
        passes.begin(first_round, 0)
        found = []
        while passes.is_running:
            found += [key for key, _ in passes.next_keys(lambda _key: True, 100)]
        return found

    assert fed(1) == [b"key"]
    assert passes.end_if_done((), 2, 3) is not None
    assert passes.is_time_for_another()
    fed(4)
    # A touch of round 5 is left.
    assert passes.end_if_done((), 5, 5) is None
    assert not passes.is_time_for_another()
    assert passes.end_if_done((), 7, 6) is not None
    assert passes.is_time_for_another()
    for server in followed:
        server.close()
