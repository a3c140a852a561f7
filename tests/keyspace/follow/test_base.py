"""The base: against a plain dict, over restarts, full, and files that are not to be believed."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

from tests.keyspace.follow.base_model import Model, answer, check, drawn_step, entry_of, key_of
from uplift.errors import BadInput
from uplift.keyspace.follow import base_file
from uplift.keyspace.follow.base import BaseEntry, open_base
from uplift.keyspace.follow.base_file import LEAST_BYTES

MEGABYTE = 1 << 20
ENOUGH = 8 * MEGABYTE


@pytest.mark.parametrize("in_file", [True, False])
def test_like_a_dict(in_file: bool, tmp_path: Path, draws: random.Random) -> None:
    path = tmp_path / "base" if in_file else None
    base, model, keys = open_base(path, ENOUGH), Model(), 3_000
    base.is_complete = True
    for turn in range(30_000):
        step = drawn_step(draws, keys)
        step.on_base(base)
        step.on_model(model)
        assert answer(base, step.number) == model.answer(step.number)
        if in_file and turn % 7_000 == 6_999:
            base.close()
            base = open_base(path, ENOUGH)
            check(base, model, keys)
    check(base, model, keys)
    assert base.is_complete
    assert base.dropped == 0
    base.close()


def test_any_key_and_any_number(tmp_path: Path) -> None:
    base = open_base(tmp_path / "base", ENOUGH)
    entries = {
        b"": BaseEntry(b"S" + bytes(8), b"D" + b"\xff" * 8, 2**63 - 1, 2**48 - 1),
        b"\0": BaseEntry(b"D" + bytes(8), b"D" + bytes(8), -1, 0),
        b"k" * 100_000: BaseEntry(b"S" + b"\xff" * 8, b"S" + bytes(8), 0, 2**32),
    }
    for key, entry in entries.items():
        base.put(key, entry)
    assert {key: base.get(key) for key in entries} == entries
    with pytest.raises(ValueError, match="9 bytes"):
        base.put(b"", BaseEntry(b"S", b"D" + bytes(8), -1, 0))
    assert base.get(b"") == entries[b""]
    base.close()


def test_grows_and_is_found_again(tmp_path: Path) -> None:
    path, count = tmp_path / "base", 60_000
    base = open_base(path, 64 * MEGABYTE)
    for number in range(count):
        base.put(key_of(number), entry_of(number, number % 5))
    base.close()
    assert path.stat().st_blocks * 512 < 100 * count
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"session" not in path.read_bytes()
    base = open_base(path, 128 * MEGABYTE)
    assert base.entries == count
    assert not base.is_complete
    assert all(base.get(key_of(number)) == entry_of(number, number % 5) for number in range(count))
    base.close()
    # A bound below what is in it: empty, and it says so.
    base = open_base(path, LEAST_BYTES)
    assert (base.entries, base.is_complete, base.get(key_of(1))) == (0, False, None)
    base.close()


def test_full(tmp_path: Path) -> None:
    base, count = open_base(tmp_path / "base", LEAST_BYTES), 10_000
    base.is_complete = True
    base.put(key_of(0), entry_of(0, 0))
    for number in range(1, count):
        base.put(key_of(number), entry_of(number, 0))
        assert base.get(key_of(number)) == entry_of(number, 0)
    assert not base.is_complete
    assert base.entries + base.dropped == count
    assert base.entries > 2_000
    found = [base.get(key_of(number)) for number in range(count)]
    assert all(entry in {None, entry_of(number, 0)} for number, entry in enumerate(found))
    assert sum(entry is not None for entry in found) == base.entries
    assert not base.was_absent(key_of(count))
    base.close()


def test_a_full_disk_is_a_full_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = open_base(tmp_path / "base", ENOUGH)

    def refuse(_descriptor: int, _start: int, _count: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    for number in range(10_000):
        base.put(key_of(number), entry_of(number, 0))
    assert base.dropped > 0
    assert base.entries + base.dropped == 10_000
    base.close()


def _another_boot(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "boot").write_text("11111111-2222-3333-4444-555555555555\n")
    monkeypatch.setattr(base_file, "_BOOT_ID", folder / "boot")


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("another", [True, False])
def test_another_boot(closed: bool, another: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "base"
    child = os.fork()
    if child == 0:
        base = open_base(path, ENOUGH)
        base.is_complete = True
        base.put(b"key", entry_of(1, 1))
        if closed:
            base.close()
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    if another:
        _another_boot(monkeypatch, tmp_path)
    base = open_base(path, ENOUGH)
    believed = closed or not another
    assert (base.get(b"key"), base.is_complete) == ((entry_of(1, 1), True) if believed else (None, False))
    base.put(b"key", entry_of(1, 2))
    base._file.memory.close()
    os.close(base._file._descriptor or -1)
    # Not closed this time: the same boot believes it.
    base = open_base(path, ENOUGH)
    assert base.get(b"key") == entry_of(1, 2)
    base.close()


@pytest.mark.parametrize("content", [b"{}", b"uplift.follow.base/2".ljust(5_000, b"\0"), b"\0" * 40 + b"x"])
def test_a_file_of_something_else(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "base"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"base: not the base of a follow.*allowed: a file with uplift\.follow\.base/1"):
        open_base(path, ENOUGH)
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", [b"", bytes(100), bytes(4096), b"uplift.follow.base/1".ljust(4096, b"\0"), b"uplift.follow.base/1"])
def test_a_file_that_was_being_made(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "base"
    path.write_bytes(content)
    base = open_base(path, ENOUGH)
    assert (base.entries, base.is_complete) == (0, False)
    base.put(b"key", entry_of(1, 1))
    assert base.get(b"key") == entry_of(1, 1)
    base.close()


def test_pages_that_somebody_else_wrote(tmp_path: Path) -> None:
    path = tmp_path / "base"
    base = open_base(path, ENOUGH)
    base.is_complete = True
    for number in range(1_000):
        base.put(key_of(number), entry_of(number, 1))
    base._memory[base._pages.directory[3]] = 0
    base.close()
    base = open_base(path, ENOUGH)
    assert (base.entries, base.is_complete, base.get(key_of(1))) == (0, False, None)
    base.put(b"key", entry_of(1, 1))
    assert base.get(b"key") == entry_of(1, 1)
    base.close()


def test_one_process_at_a_time_and_files_that_cannot_be(tmp_path: Path) -> None:
    base = open_base(tmp_path / "base", ENOUGH)
    with pytest.raises(BadInput, match="another process has it open"):
        open_base(tmp_path / "base", ENOUGH)
    base.close()
    with pytest.raises(BadInput, match="allowed: a file that can be written"):
        open_base(tmp_path / "no" / "folder", ENOUGH)
    with pytest.raises(BadInput, match=f"allowed: {LEAST_BYTES:,} or more"):
        open_base(tmp_path / "base", LEAST_BYTES - 1)
