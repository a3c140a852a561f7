"""What the drawn runs of the commands are about: data of every type around every limit, key maps, and where each key must end up."""

from __future__ import annotations

import json
import random
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from rehearsal.cloud.elasticache.redis_server import RedisServer
from tests.keyspace.everything import Snapshot, snapshot

SECRET = "Zq9xTok"
STRINGS = (0, 1, 40, 65_535, 65_536, 65_537, 262_144, 300_000)
COUNTS = (1, 3, 60, 511, 512, 513, 1_000, 1_001, 2_500)
PREFIXES = ("a", "b", "c", "d", "e")
LATEST = 2**63 - 1
_MINUS_ZERO, _ZERO = struct.pack("<d", -0.0), struct.pack("<d", 0.0)
_HAS_STREAMS = ("5.0.6", "6.2.14", "8.2.3", "valkey-9.1.2")
_HAS_FIELD_TTLS = ("8.2.3", "valkey-9.1.2")


@dataclass(frozen=True)
class Rule:
    """One rule as the test understands it."""

    name: str
    kind: str
    text: str
    to: str
    action: str = "copy"
    root: str = ""

    def matches(self, key: bytes) -> bool:
        text = self.text.encode()
        if self.kind == "exact":
            return key == text
        return key.startswith(text) if self.kind == "prefix" else re.fullmatch(text, key, re.DOTALL) is not None


@dataclass(frozen=True)
class Map:
    """A key map, or none: then everything goes to the one target."""

    rules: tuple[Rule, ...]
    targets: tuple[str, ...]

    def place(self, key: bytes) -> tuple[str, bytes] | None:
        """Target and name by the first rule that matches; None for a key that is not copied."""
        if key.startswith((b"uplift:temporary:", b"uplift:follow:")) or key == b"ElastiCacheMasterReplicationTimestamp":
            return None
        rule = next(rule for rule in self.rules if rule.matches(key))
        return None if rule.action != "copy" else (rule.to, rule.root.encode() + key)

    def write(self, path: Path) -> None:
        rules = [
            {
                "name": rule.name, "match": {rule.kind: rule.text}, "to": rule.to, "action": rule.action, "root": rule.root,
                "source": "drawn", "reason": "drawn", "overlaps": ["*"],
            }
            for rule in self.rules
        ]  # fmt: skip
        path.write_text(json.dumps({"version": 1, "destinations": ["one", "two"], "rename": True, "rules": rules}))


NO_MAP = Map((Rule("everything", "prefix", "", "one"),), ("one",))


def draw_map(rng: random.Random) -> Map:
    if rng.random() < 0.3:
        return NO_MAP
    rules = [
        Rule("by-regex", "regex", "b:.*|c:x.*", "two"),
        Rule("skipped", "prefix", "c:", "one", "skip"),
        Rule("handed-over", "prefix", "e:queue", "two", "handover"),
        Rule("moved", "prefix", "d:", rng.choice(["one", "two"]), root="moved:"),
        Rule("one-key", "exact", f"a:{SECRET}1", "two"),
    ]
    rng.shuffle(rules)
    kept = rules[: rng.randrange(1, 6)]
    # Where names get a root, no key of another rule may already have it.
    rest = Rule("rest", "regex", "(?:[^m].*)?", "one") if any(rule.root for rule in kept) else Rule("rest", "prefix", "", "one")
    return Map((*kept, rest), ("one", "two"))


def fill(rng: random.Random, server: RedisServer, databases: tuple[int, ...], *, cold: bool) -> None:
    """Keys of every kind in each database; `cold`: none ends before an hour is over."""
    for database in databases:
        client = server.connect(database)
        pipeline: Any = client.pipeline(transaction=False)
        for number in range(rng.randrange(20, 300)):
            pipeline.set(f"{rng.choice(PREFIXES)}:{SECRET}{number}", rng.randbytes(rng.randrange(60)))
        pipeline.execute()
        for number in range(rng.randrange(5, 25)):
            _draw_key(rng, client, server.version, number)
        for odd in (b"", b"\x00\xff\n", b"uplift:temporary:other:new", b"uplift:follow:lease", b"a\r\nb", f"e:queue:{SECRET}".encode()):
            if rng.random() < 0.4:
                client.set(odd, b"odd")
        _draw_ttls(rng, client, cold=cold)
        client.close()


def _draw_key(rng: random.Random, client: redis.Redis, version: str, number: int) -> None:
    kinds = ["string", "list", "set", "hash", "zset"] + ["stream"] * (version in _HAS_STREAMS)
    kind = rng.choice(kinds)
    key, count = f"{rng.choice(PREFIXES)}:{kind}:{SECRET}{number}", rng.choice(COUNTS)
    sizes = rng.choice([(0, 12), (12, 40), (100, 300)])
    elements = list({rng.randbytes(rng.randint(*sizes)) for _ in range(count)})
    if rng.random() < 0.2:
        elements.append(b"x" * rng.choice([70_000, 300_000]))
    raw: Any = client.execute_command
    match kind:
        case "string":
            client.set(key, rng.randbytes(rng.choice(STRINGS)))
        case "list":
            client.rpush(key, *elements)
        case "set":
            client.sadd(key, *elements)
        case "hash":
            raw("HMSET", key, *[word for element in elements for word in (element, rng.randbytes(5))])
            if version in _HAS_FIELD_TTLS and rng.random() < 0.5:
                raw("HPEXPIRE", key, 10**8, "FIELDS", 1, elements[0])
        case "zset":
            scores = [rng.choice(["inf", "-inf", "-0", "5e-324", repr(rng.uniform(-1e9, 1e9))]) for _ in elements]
            raw("ZADD", key, *[word for pair in zip(scores, elements, strict=True) for word in pair])
        case _:
            pipeline = client.pipeline(transaction=False)
            for entry in range(count):
                pipeline.xadd(key, {"f": str(entry)}, id=f"{entry + 1}-1")
            pipeline.execute()
            client.xgroup_create(key, "group", id="0")
            client.xreadgroup("group", "worker", {key: ">"}, count=rng.randrange(1, 8))


def _draw_ttls(rng: random.Random, client: redis.Redis, *, cold: bool) -> None:
    now = int(client.time()[0]) * 1000
    pipeline: Any = client.pipeline(transaction=False)
    for key in list(client.scan_iter()):
        drawn = rng.random()
        if drawn < 0.3:
            pipeline.pexpireat(key, now + rng.randrange(4 * 10**6, 10**9))
        elif drawn < 0.33:
            pipeline.pexpireat(key, LATEST - rng.randrange(3))
        elif drawn < 0.45 and not cold:
            pipeline.pexpire(key, rng.randrange(1, 3_000))
    pipeline.execute()


Seen = dict[tuple[int, bytes], tuple[bytes, object, int | None]]


def read_all(server: RedisServer) -> Seen:
    """Every key of every database."""
    found: Seen = {}
    for name in server.client.info("keyspace"):
        database = int(str(name).removeprefix("db"))
        client = server.connect(database)
        seen: Snapshot = snapshot(client)
        for key, (kind, value, expires_at) in seen.items():
            times = _field_ttls(client, key, value) if kind == b"hash" and server.version in _HAS_FIELD_TTLS else {}
            if kind == b"zset" and isinstance(value, dict):
                # -0 is 0: from 7.2 on a server drops that sign by itself.
                value = {member: score.replace(_MINUS_ZERO, _ZERO) for member, score in value.items()}  # noqa: PLW2901
            found[database, key] = (kind, (value, times), expires_at)
        client.close()
    return found


def _field_ttls(client: Any, key: bytes, value: Any) -> dict[bytes, int]:
    times = client.execute_command("HPEXPIRETIME", key, "FIELDS", len(value), *value)
    return {name: time for name, time in zip(value, times, strict=True) if time > 0}


def expected(seen: Seen, keymap: Map) -> dict[str, Seen]:
    """By target, what it must hold of these keys of the source."""
    wanted: dict[str, Seen] = {target: {} for target in keymap.targets}
    for (database, key), entry in seen.items():
        place = keymap.place(key)
        if place is not None:
            wanted[place[0]][database, place[1]] = entry
    return wanted


def differing(wanted: Seen, there: Seen, soon: int, tolerance: int = 80) -> list[tuple[int, bytes]]:
    """Keys that are not as they must be; those that end before `soon` may be there or not. Times in ms."""
    found = []
    for place in wanted.keys() | there.keys():
        mine, theirs = wanted.get(place), there.get(place)
        ends = [entry[2] for entry in (mine, theirs) if entry is not None and entry[2] is not None]
        if (mine is None or theirs is None) and ends and min(ends) <= soon:
            continue
        if mine is None or theirs is None or mine[:2] != theirs[:2] or not _together(mine[2], theirs[2], tolerance):
            found.append(place)
    return found


def _together(mine: int | None, theirs: int | None, tolerance: int) -> bool:
    if mine is None or theirs is None:
        return mine is theirs
    # A script reads a TTL as a double: above 2^53 ms, which is in the year 287396, to about a second.
    return abs(mine - theirs) <= (2_048 if mine > 2**53 else tolerance)
