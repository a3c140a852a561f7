"""One walk by several partitions at once: every key of a database at rest once, and no more under way than the window says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import pytest

from tests.conftest import StartRedis
from tests.keyspace.everything import endpoint
from uplift.keyspace.server import scan_lanes
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.name_reader import NamePage, NameReader
from uplift.keyspace.server.page_reader import ReadLimits, ScanOf, ValueForm, payload_reader
from uplift.keyspace.server.scan_lanes import ReadsScan, ScanLanes, connections_for
from uplift.keyspace.server.scan_page import PageOf
from uplift.keyspace.server.scan_partition import Border

VERSIONS = ["3.2.6", "5.0.6", "8.2.3", "valkey-9.1.2"]
PARTITIONS = [1, 2, 8, 64]
# By database.
KEYS = {0: 0, 1: 1, 2: 10, 3: 5_000}
NEAR, FAR = 0.0, 0.02
SECRET = b"s" * 16


class _Counting:
    """A reader that counts what is under way in all readers of one walk."""

    def __init__(self, reader: NameReader, under_way: list[int]) -> None:
        self._reader, self._under_way = reader, under_way

    def request(self, cursor: int) -> None:
        self._under_way.append(self._under_way[-1] + 1)
        self._reader.request(cursor)

    def receive(self) -> NamePage:
        self._under_way.append(self._under_way[-1] - 1)
        return self._reader.receive()


def _names(readers: Sequence[ReadsScan[PageOf]], partitions: int, round_trip: float) -> Counter[bytes]:
    lanes = ScanLanes(readers, list(range(partitions)), round_trip, Border(SECRET))
    seen = Counter(key for page in lanes.pages() for key in page.all_keys)
    assert lanes.are_done
    return seen


def _fill(start_redis: StartRedis, version: str) -> Connection:
    server = start_redis(version)
    for database, keys in KEYS.items():
        client, names = server.connect(database), [f"k:{number}" for number in range(keys)]
        if names:
            client.mset(dict.fromkeys(names, "v"))
            # Each look moves a slot to the larger table, so that none is still being filled.
            client.mget(names)
            client.mget(names)
    return Connection(endpoint(server))


def _once(keys: int) -> Counter[bytes]:
    return Counter(b"k:%d" % number for number in range(keys))


@pytest.mark.parametrize("round_trip", [NEAR, FAR])
@pytest.mark.parametrize("version", VERSIONS)
def test_each_key_of_a_database_at_rest_comes_once(version: str, round_trip: float, start_redis: StartRedis) -> None:
    server = _fill(start_redis, version)
    for partitions in PARTITIONS:
        for database, keys in KEYS.items():
            with connections_for(server, database, partitions) as connections:
                names = _names([NameReader(one, 20) for one in connections], partitions, round_trip)
            assert names == _once(keys), (partitions, database)
    server.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_each_key_comes_once_with_its_value(version: str, start_redis: StartRedis) -> None:
    server = _fill(start_redis, version)
    scan = ScanOf(50, [b"skip"])
    for partitions in PARTITIONS:
        with connections_for(server, 3, partitions) as connections:
            readers = [payload_reader(one, ValueForm.COPY, ReadLimits(), scan) for one in connections]
            assert _names(readers, partitions, FAR) == _once(KEYS[3]), partitions
    server.close()


class _FixedWindow:
    """As Window, of one size; `waits` counts those who asked when they may send."""

    size = 7
    waits = 0

    def __init__(self, _round_trip_seconds: float, _most: int) -> None:
        pass

    def wait(self) -> None:
        type(self).waits += 1

    def take(self, worked: float) -> None:
        assert worked >= 0


@pytest.mark.parametrize("partitions", PARTITIONS)
def test_no_more_is_under_way_than_the_window_says(partitions: int, start_redis: StartRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_lanes, "Window", _FixedWindow)
    monkeypatch.setattr(_FixedWindow, "waits", 0)
    server, under_way = _fill(start_redis, "3.2.6"), [0]
    with connections_for(server, 3, partitions) as connections:
        readers: list[ReadsScan[NamePage]] = [_Counting(NameReader(one, 20), under_way) for one in connections]
        lanes = ScanLanes(readers, list(range(partitions)), FAR, Border(SECRET))
        assert sum(len(page.all_keys) for page in lanes.pages()) == KEYS[3]
    server.close()
    assert (max(under_way), under_way[-1]) == (min(7, partitions), 0)
    requests = sum(later > earlier for earlier, later in pairwise(under_way))
    assert _FixedWindow.waits == requests


def test_a_walk_goes_on_from_the_cursors_it_had_come_to(start_redis: StartRedis) -> None:
    """However many pages were given: what is asked for and not given yet is asked for again, and borders met before are remembered."""
    server = _fill(start_redis, "3.2.6")
    for given in (0, 1, 5, 40):
        border, cursors = Border(SECRET), [*range(8)]
        seen: Counter[bytes] = Counter()
        with connections_for(server, 3, 8) as connections:
            lanes = ScanLanes([NameReader(one, 20) for one in connections], [*cursors], FAR, border)
            for _, page in zip(range(given), lanes.pages(), strict=False):
                seen.update(page.all_keys)
        with connections_for(server, 3, 8) as connections:
            again = ScanLanes([NameReader(one, 20) for one in connections], lanes.cursors, FAR, Border(SECRET, border.met))
            seen.update(key for page in again.pages() for key in page.all_keys)
            assert again.are_done
        assert seen == _once(KEYS[3]), given
    server.close()
