"""One thing changed about a key of any type: each makes another value of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

Change = Callable[[Any, bytes], object]


def changes_of(client: Any, key: bytes) -> dict[str, Change]:
    """One thing at a time; each makes another value of the key."""
    kind = client.type(key)
    return {
        b"string": _of_string,
        b"list": _of_list,
        b"set": _of_set,
        b"hash": _of_hash,
        b"zset": _of_zset,
        b"stream": _of_stream,
    }[kind](client, key)


def _of_string(client: Any, key: bytes) -> dict[str, Change]:
    value = client.get(key)
    return {
        "a byte more": lambda c, k: c.append(k, "x"),
        "another last byte": lambda c, k: c.set(k, value[:-1] + b"\x00" if value[-1:] != b"\x00" else value[:-1] + b"\x01"),
        "another type": lambda c, k: (c.delete(k), c.rpush(k, value)),
    }


def _of_list(client: Any, key: bytes) -> dict[str, Change]:
    elements = client.lrange(key, 0, -1)
    middle = len(elements) // 2
    return {
        "one element": lambda c, k: c.lset(k, middle, elements[middle] + b"x"),
        "one less": lambda c, k: c.rpop(k),
        "one more": lambda c, k: c.lpush(k, "x"),
        "order": lambda c, k: (c.lset(k, 0, elements[-1]), c.lset(k, -1, elements[0])),
        "a set of the same": lambda c, k: (c.delete(k), c.sadd(k, *elements)),
    }


def _of_set(client: Any, key: bytes) -> dict[str, Change]:
    member = next(iter(client.smembers(key)))
    return {
        "one less": lambda c, k: c.srem(k, member),
        "one more": lambda c, k: c.sadd(k, "x"),
        "another": lambda c, k: (c.srem(k, member), c.sadd(k, member + b"1")),
    }


def _of_hash(client: Any, key: bytes) -> dict[str, Change]:
    name, value = next(iter(client.hgetall(key).items()))
    return {
        "one value": lambda c, k: c.hset(k, name, value + b"x"),
        "one name": lambda c, k: (c.hdel(k, name), c.hset(k, name + b"x", value)),
        "one less": lambda c, k: c.hdel(k, name),
        "one more": lambda c, k: c.hset(k, "x", "y"),
    }


def _of_zset(client: Any, key: bytes) -> dict[str, Change]:
    members = client.zrange(key, 0, -1, withscores=True)
    member, score = members[len(members) // 2]
    return {
        "the score's last bit": lambda c, k: c.execute_command("ZADD", k, repr(math.nextafter(score, math.inf)), member),
        "one less": lambda c, k: c.zrem(k, member),
        "one more": lambda c, k: c.execute_command("ZADD", k, "1", "x"),
        "two scores change places": lambda c, k: c.execute_command(
            "ZADD", k, repr(members[0][1]), members[-1][0], repr(members[-1][1]), members[0][0]
        ),
    }


def _of_stream(client: Any, key: bytes) -> dict[str, Change]:
    changes: dict[str, Change] = {
        "a group": lambda c, k: c.xgroup_create(k, "new", id="0"),
    }
    if client.xlen(key) and key != b"stream:far":
        changes["one more"] = lambda c, k: c.xadd(k, {"field": "value"}, id="1999999999999-0")
        changes["the last id alone"] = lambda c, k: (c.xadd(k, {"f": "v"}, id="1999999999999-0"), c.xdel(k, "1999999999999-0"))
    if client.xlen(key):
        identifier = client.xrange(key)[0][0]
        changes["one less"] = lambda c, k: c.xdel(k, identifier)
    if key == b"stream:one":
        first = client.xpending_range(key, "workers", "-", "+", 1)[0]
        changes |= {
            "one acknowledged": lambda c, k: c.xack(k, "workers", first["message_id"]),
            "one claimed": lambda c, k: c.xclaim(
                k, "workers", "w2", 0, [first["message_id"]], retrycount=first["times_delivered"], justid=True
            ),
            "delivered once more": lambda c, k: c.xclaim(k, "workers", "w1", 0, [first["message_id"]], retrycount=99),
            "one more consumer": lambda c, k: c.xreadgroup("workers", "w3", {k: ">"}, count=1),
            "a group less": lambda c, k: c.xgroup_destroy(k, "idle"),
            "where a group stands": lambda c, k: c.xgroup_setid(k, "idle", "7"),
        }
    return changes
