"""How long routing one key takes, for the slowest of 200 rules, and for the key map of vets-api; the way back from a target's name; and
what deriving the shortcuts takes.

`.venv/bin/python -m bench.route`. The best of many short runs: what the code costs, not what the machine does beside it.
"""

from __future__ import annotations

import random
import string
import timeit
from collections.abc import Callable
from pathlib import Path

from bench.common import machine, note
from rehearsal.app.shapes import entries
from uplift.keyspace.keymap.check import check_keymap
from uplift.keyspace.keymap.file import load_keymap
from uplift.keyspace.keymap.model import KeyMap
from uplift.keyspace.keymap.routing import Router, build_router
from uplift.keyspace.keymap.target_names import names_on_target

_CALLS = 5_000


def many_rules(count: int, rng: random.Random) -> KeyMap:
    """Prefixes like those people write: words joined by - or _, ended by a colon, or by nothing."""
    words: set[str] = set()
    while len(words) < count:
        parts = ["".join(rng.choices(string.ascii_lowercase, k=rng.randint(3, 8))) for _ in range(rng.randint(1, 3))]
        words.add(rng.choice("-_").join(parts) + rng.choice([":", ":", "", "-"]))
    rules = [
        {"name": f"r{number}", "match": {"prefix": word}, "to": "a", "source": "bench", "reason": "bench"}
        for number, word in enumerate(sorted(words, key=len, reverse=True))
    ]
    return KeyMap.model_validate({"version": 1, "destinations": ["a"], "rules": rules})


def microseconds(router: Router, key: bytes) -> float:
    route = router.route
    bare = min(timeit.repeat("f(k)", globals={"f": lambda _key: None, "k": key}, number=_CALLS, repeat=7))
    best = min(timeit.repeat("f(k)", globals={"f": route, "k": key}, number=_CALLS, repeat=7))
    return (best - bare) / _CALLS * 1e6


def main() -> None:
    print(machine())
    rng = random.Random(5)
    keymap = many_rules(200, rng)
    assert check_keymap(keymap) == []
    built = min(timeit.repeat(lambda: build_router(keymap, ("a",)), number=1, repeat=5))
    router = build_router(keymap, ("a",))
    times = []
    for rule in keymap.rules:
        key = rule.match.prefix[0].encode() + b"0d3b2a10-1111-2222-3333-444455556666"
        found = router.route(key)
        assert found is not None and found.name == rule.name
        times.append(microseconds(router, key))
    worst = max(times)
    print(f"200 rules: {sum(times) / len(times):.2f} µs a key, {worst:.2f} µs for the slowest rule")
    map_of_vets_api = load_keymap(Path("config/keyspace.yaml"))
    vets_api = build_router(map_of_vets_api, ("app-cache", "sidekiq"))
    keys = [entry.key.encode() for entry in entries(20_000, rng, 0.0)]
    mixed, plain = (_microseconds_each(route, keys) for route in (vets_api.route, vets_api.first_match))
    print(f"vets-api's map, keys as they come: {mixed:.2f} µs a key; by the plain loop: {plain:.2f} µs")
    back, back_from_roots = (_back_beside_route(map_of_vets_api.model_copy(update={"rename": rename}), keys) for rename in (False, True))
    print(f"from a name on app-cache back to its key: {back:.2f} µs beside its route; with `rename`: {back_from_roots:.2f} µs")
    print(f"200 rules: the shortcuts are derived in {built * 1000:.0f} ms")
    note(
        bench="route",
        worst_microseconds=round(worst, 2),
        vets_api_microseconds=round(mixed, 2),
        plain_loop_microseconds=round(plain, 2),
        back_beside_route_microseconds=round(back, 2),
        back_from_roots_beside_route_microseconds=round(back_from_roots, 2),
        build_milliseconds=round(built * 1000),
    )


def _back_beside_route(keymap: KeyMap, keys: list[bytes]) -> float:
    """What a name costs more than routing the key behind it."""
    router = build_router(keymap, ("app-cache",))
    written = [(key, rule.root + key) for key in keys if (rule := router.route(key)) is not None and rule.target == 0]
    told = names_on_target(router, 0)
    return _microseconds_each(told, [name for _, name in written]) - _microseconds_each(router.route, [key for key, _ in written])


def _microseconds_each(route: Callable[[bytes], object], keys: list[bytes]) -> float:
    return min(timeit.repeat("for k in keys: route(k)", globals={"keys": keys, "route": route}, number=1, repeat=7)) / len(keys) * 1e6


if __name__ == "__main__":
    main()
