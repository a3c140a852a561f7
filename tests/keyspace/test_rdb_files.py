"""RDB files: of every real writer we have, of versions whose writers we lack, and damaged ones."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehearsal.cloud.elasticache.redis_server import RedisServer
from rehearsal.run.installed_tools import InstalledTools
from tests.conftest import StartRedis
from tests.deployed_cloud import later_server
from tests.keyspace.everything import fill_every_encoding, fill_streams, same, snapshot
from tests.keyspace.rdb_writer import RdbText, file_of, length, listpack, string
from tests.keyspace.test_copy_versions import copy_all, verify_all
from uplift.errors import BadInput, DamagedFile
from uplift.keyspace.inventory.inventory import RDB_BYTES, Inventory, InventoryBuilder, rdb_inventory
from uplift.keyspace.keymap.model import KeyMap
from uplift.keyspace.keymap.routing import FIRST_RULE_OF_THE_MAP, build_router
from uplift.keyspace.rdb.file import RdbFile, RdbKey

WRITERS = {"3.2.6": 7, "5.0.6": 9, "6.2.14": 9, "8.2.3": 12, "valkey-9.1.2": 80}


def _keys(path: Path) -> list[RdbKey]:
    return list(RdbFile(path).entries())


@pytest.mark.parametrize("version", WRITERS)
def test_files_of_real_writers(version: str, start_redis: StartRedis, installed_tools: InstalledTools, tmp_path: Path) -> None:
    writer = start_redis(version)
    fill_every_encoding(writer.client, random.Random(9))
    fill_every_encoding(writer.connect(5), random.Random(10))
    if version != "3.2.6":
        fill_streams(writer.client)
        for text in ("#!lua name=lib\nredis.register_function('f', function() return 1 end)",):
            if version in {"8.2.3", "valkey-9.1.2"}:
                writer.client.execute_command("FUNCTION", "LOAD", text)
                writer.client.execute_command("HPEXPIRE", "hash:table", 10**8, "FIELDS", 1, next(iter(writer.client.hkeys("hash:table"))))
                writer.client.execute_command("HPEXPIRE", "hash:small", 10**8, "FIELDS", 1, next(iter(writer.client.hkeys("hash:small"))))
    path = tmp_path / "dump.rdb"
    writer.save_to(path)
    file = RdbFile(path)
    assert file.version == WRITERS[version]
    found = {(database, key): (kind, expires_at) for database, key, kind, expires_at, _, _ in file.entries()}
    expected = {}
    for database in (0, 5):
        for key, (kind, _, expires_at) in snapshot(writer.connect(database)).items():
            expected[database, key] = (kind.decode(), expires_at or -1)
    assert found.keys() == expected.keys()
    assert {place: kind for place, (kind, _) in found.items()} == {place: kind for place, (kind, _) in expected.items()}
    assert all(abs(found[place][1] - expires_at) <= 50 for place, (_, expires_at) in expected.items())
    loaded = RedisServer(
        version, installed_tools.redis_servers.get(version) or later_server(installed_tools, version), tmp_path / "loaded", rdb=path
    )
    copied = start_redis(version)
    try:
        copy_all(loaded, copied, tmp_path / "state")
        verify_all(loaded, copied)
        assert same(snapshot(writer.client), snapshot(copied.client)) == []
    finally:
        loaded.stop()


LOADERS = {
    2: "3.2.6",
    3: "3.2.6",
    4: "3.2.6",
    5: "3.2.6",
    6: "3.2.6",
    7: "3.2.6",
    8: "5.0.6",
    9: "5.0.6",
    10: "8.2.3",
    11: "8.2.3",
    12: "8.2.3",
}


@pytest.mark.parametrize("version", LOADERS)
def test_files_of_versions_without_a_writer(version: int, installed_tools: InstalledTools, start_redis: StartRedis, tmp_path: Path) -> None:
    text = file_of(version)
    path = text.save(tmp_path / "made.rdb")
    assert [(key, kind) for _, key, kind, _, _, _ in _keys(path)] == text.keys
    expiries = {key: expires_at for _, key, _, expires_at, _, _ in _keys(path)}
    assert expiries[b"s:plain"] == 2_000_000_000_000
    assert expiries.get(b"s:ms", 4102444800123) == 4102444800123
    assert expiries[b"h:plain"] == -1
    name = LOADERS[version]
    loaded = RedisServer(
        name, installed_tools.redis_servers.get(name) or later_server(installed_tools, name), tmp_path / "loaded", rdb=path
    )
    try:
        # A real server of ours agrees that the file is one, and what is in it.
        assert {key: kind.decode() for key, (kind, _, _) in snapshot(loaded.client).items()} == dict(text.keys)
        target = start_redis("5.0.6")
        copy_all(loaded, target, tmp_path / "state")
        verify_all(loaded, target)
        assert same(snapshot(loaded.client), snapshot(target.client)) == []
    finally:
        loaded.stop()


def test_the_inventory_of_a_file_adds_up(tmp_path: Path) -> None:
    text = file_of(9)
    path = text.save(tmp_path / "made.rdb")
    found = Inventory("made", RDB_BYTES, has_keymap=True)
    # A key map that writes down a word of the file: it alone is shown.
    rules = [
        {"name": name, "match": {"prefix": prefix}, "to": "a", "overlaps": "*", "source": "s", "reason": "r"}
        for name, prefix in (("s", "s:"), ("all", ""))
    ]
    router = build_router(KeyMap.model_validate({"version": 1, "destinations": ["a"], "rules": rules}), ("a",))
    rdb_inventory(RdbFile(path), InventoryBuilder(found, router), 1_600_000_000_000, lambda _done: None)
    assert found.keys == len(text.keys)
    assert sum(found.keys_by_ttl()) == len(text.keys)
    strings = found.patterns[FIRST_RULE_OF_THE_MAP, "s:<word>"]
    assert (strings.keys, strings.keys_by_ttl[5], strings.keys_by_ttl[6]) == (5, 2, 3)
    # Bytes of keys and values: all of the body but the opcodes before them.
    assert found.estimated_bytes == len(text.body) - len(b"\xfa" + string(b"redis-ver") + string(b"0.0.0")) - 2 - 5 - 9 - 2 - 2


def test_an_expired_key_is_not_counted(tmp_path: Path) -> None:
    text = RdbText(9)
    text.add(0, "string", b"old", string(b"v"), expires_ms=1000)
    found = Inventory("made", RDB_BYTES, has_keymap=False)
    rdb_inventory(RdbFile(text.save(tmp_path / "f")), InventoryBuilder(found, None), 2000, lambda _done: None)
    assert (found.keys, found.expired_or_deleted) == (0, 1)


@pytest.mark.parametrize("version", [1, 13, 79])
def test_versions_that_are_refused(version: int, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=rf"f: Redis RDB version {version}, allowed: 2 to 12 of Redis"):
        RdbFile(RdbText(version).save(tmp_path / "f"))


def test_a_newer_valkey_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="Valkey RDB version 81, allowed: .* 80 of Valkey"):
        RdbFile(RdbText(81, b"VALKEY%03d").save(tmp_path / "f"))


def test_modules_are_refused_by_name(tmp_path: Path) -> None:
    text = RdbText(9)
    text.add(7, "module", b"m", b"\x81" + b"\0" * 8 + b"\0")
    with pytest.raises(BadInput, match="holds a value of a Redis module at byte"):
        _keys(text.save(tmp_path / "f"))
    aux = RdbText(9)
    aux.body = b"\xf7\x81" + b"\0" * 8
    with pytest.raises(BadInput, match="holds data of a Redis module at byte"):
        _keys(aux.save(tmp_path / "f"))


def test_hashes_of_release_candidates_and_what_enterprise_writes_are_read(tmp_path: Path) -> None:
    """Layouts: redis/redis 7.4 src/rdb.c, rdbLoadObject; redis/librdb src/lib/defines.h. No server here writes them; 8.2 loads the hashes."""
    text = RdbText(12)
    text.body += b"\x6b\x40\x43"
    text.add(22, "hash", b"h:table", length(1) + length(0) + string(b"f") + string(b"v"))
    text.body += b"\x79\x05" + b"\x6b\x00"
    text.add(23, "hash", b"h:listpack", string(listpack([b"f", b"v", b"0"])))
    text.add(0, "string", b"s:after", string(b"v"))
    assert [(key, kind) for _, key, kind, *_ in _keys(text.save(tmp_path / "f"))] == [
        (b"h:table", "hash"),
        (b"h:listpack", "hash"),
        (b"s:after", "string"),
    ]


def test_a_code_that_nobody_writes_is_damage(tmp_path: Path) -> None:
    text = RdbText(12)
    text.add(106, "?", b"k", string(b"v"))
    with pytest.raises(DamagedFile, match="no type of a value: 106"):
        _keys(text.save(tmp_path / "f"))


@pytest.fixture(scope="module")
def sound_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("sound")
    server = RedisServer("5.0.6", InstalledTools().redis_servers["5.0.6"], folder / "redis")
    try:
        fill_every_encoding(server.client, random.Random(3))
        for key in list(server.client.scan_iter(match="*:big")):
            server.client.delete(key)
        fill_streams(server.client)
        server.save_to(folder / "f.rdb")
    finally:
        server.stop()
    return (folder / "f.rdb").read_bytes()


@settings(max_examples=400)
@given(data=st.data())
def test_damaged_files_end_in_one_line(data: st.DataObject, sound_file: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    damaged = bytearray(sound_file)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(9, len(damaged) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "insert", "huge"])):
            case "flip":
                damaged[place] ^= data.draw(st.integers(1, 255))
            case "cut":
                del damaged[place:]
            case "insert":
                damaged[place:place] = data.draw(st.binary(min_size=1, max_size=12))
            case _:
                damaged[place : place + 9] = b"\x81" + struct.pack(">Q", data.draw(st.integers(2**31, 2**64 - 1)))
        if len(damaged) < 11:
            break
    path = tmp_path_factory.mktemp("damaged") / "f.rdb"
    path.write_bytes(damaged)
    try:
        _keys(path)
    except (DamagedFile, BadInput) as problem:
        assert "\n" not in str(problem)
        assert str(path) in str(problem)
    else:
        # Only what stands behind the end may be wrong without anybody noticing.
        assert bytes(damaged[: len(sound_file)]) == sound_file


def test_every_cut_is_noticed(sound_file: bytes, tmp_path: Path) -> None:
    path = tmp_path / "f.rdb"
    for size in range(9, len(sound_file), max(1, len(sound_file) // 150)):
        path.write_bytes(sound_file[:size])
        with pytest.raises(DamagedFile, match=r"damaged at byte [0-9,]+: "):
            _keys(path)
