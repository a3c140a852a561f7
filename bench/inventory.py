"""How fast an inventory of a live server is, beside the plain SCAN it cannot do without.

`.venv/bin/python -m bench.inventory [KEYS] [--runs N]`.
"""

from __future__ import annotations

from bench.common import Measured, arguments, endpoint, fill_mixed, interleaved, machine, measure, note, servers, show
from bench.copy import KEYMAP
from uplift.keyspace.inventory.inventory import LIVE_BYTES, Inventory, InventoryBuilder, live_inventory
from uplift.keyspace.keymap.routing import build_router
from uplift.keyspace.server.connection import connected


def main() -> None:
    wanted = arguments(str(__doc__))
    print(machine())
    router = build_router(KEYMAP, ("app-cache", "sidekiq"))
    with servers("3.2.6") as (source,):
        fill_mixed(source.client, wanted.keys)
        keys = source.client.dbsize()

        def inventory(sample: int) -> Measured:
            def work() -> None:
                found = Inventory("bench", LIVE_BYTES, has_keymap=True)
                with connected(endpoint(source)) as connection:
                    live_inventory(connection, (0,), InventoryBuilder(found, router), sample, lambda _done: None)
                assert found.keys >= keys

            return measure(work, [source])

        def scan() -> None:
            for _ in source.client.scan_iter(count=1_000):
                pass

        medians = interleaved(
            {
                "inventory, every key sized": lambda: inventory(1),
                "inventory, one key in 20 sized": lambda: inventory(20),
                "SCAN alone, redis-py": lambda: measure(scan, [source]),
            },
            wanted.runs,
        )
        for name, measured in medians.items():
            show(name, measured, keys, ("client", "source"))
        sized, _, alone = medians.values()
        note(bench="inventory", keys=keys, times_scan=round(sized.wall / alone.wall, 2))


if __name__ == "__main__":
    main()
