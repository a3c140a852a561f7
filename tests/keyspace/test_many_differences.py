"""Many keys that differ are looked at again by pages, not one by one."""

from __future__ import annotations

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.conftest import StartRedis
from tests.keyspace.command_calls import calls
from tests.keyspace.one_target import verify_request
from uplift.keyspace.verify.result import Difference, VerifyOptions
from uplift.keyspace.verify.run import verify

KEYS = 2_000


def _calls_of_a_verification(source: RedisServer, target: RedisServer, expected: dict[Difference, int]) -> list[int]:
    """How many script calls it takes on the source and on the target; a page is one."""
    before = [calls(server, "evalsha") for server in (source, target)]
    request = verify_request(source, target, options=VerifyOptions(pause_seconds=0))
    assert verify(request, lambda _event: None, lambda _found: None).result.counts == expected
    return [calls(server, "evalsha") - earlier for server, earlier in zip((source, target), before, strict=True)]


def test_thousands_of_ttls_that_differ_take_three_calls_for_a_hundred_keys_and_recheck(start_redis: StartRedis) -> None:
    source, target = start_redis("3.2.6"), start_redis("5.0.6")
    for server in (source, target):
        server.client.mset({f"k:{number}": number for number in range(KEYS)})
    _calls_of_a_verification(source, target, {})
    equal = _calls_of_a_verification(source, target, {})
    pipeline = target.client.pipeline(transaction=False)
    for number in range(KEYS):
        pipeline.expire(f"k:{number}", 10_000)
    pipeline.execute()
    different = _calls_of_a_verification(source, target, {Difference.TTL: KEYS})
    rechecks, pages = VerifyOptions().rechecks, KEYS // 100
    # The source is looked at before and after the target.
    assert different[0] - equal[0] <= 2 * rechecks * pages
    assert different[1] - equal[1] <= rechecks * pages
