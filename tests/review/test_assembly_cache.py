"""What synthesising gave is kept, checked before it is used, made again when it is damaged, and never in anybody's way."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from tests.review.conftest import write_assembly
from uplift.errors import BadInput, UpliftError
from uplift.review.templates.assembly_cache import AssemblyCache, cache_folder, cache_key


class Maker:
    """Stands for a synthesis, and counts."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, output: Path) -> None:
        self.times += 1
        write_assembly(output, {"Stack": {"Resources": {"Group": {"Type": "AWS::ElastiCache::ReplicationGroup"}}}})


@pytest.fixture
def make() -> Maker:
    return Maker()


def _read(cache: AssemblyCache, make: Maker, tmp_path: Path, key: str = "key") -> set[str]:
    return set(cache.read_or_make(key, make, tmp_path / f"otherwise-{make.times}").stacks)


def test_a_second_time_nothing_is_made(tmp_path: Path, make: Maker) -> None:
    assert _read(AssemblyCache(tmp_path / "kept"), make, tmp_path) == {"Stack"}
    assert _read(AssemblyCache(tmp_path / "kept"), make, tmp_path) == {"Stack"}
    assert make.times == 1
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["key"]


@pytest.mark.parametrize("damaged", ["manifest.json", "Stack.template.json", "digest"])
@pytest.mark.parametrize("how", ["gone", "cut short", "another"])
def test_a_damaged_entry_is_made_anew(tmp_path: Path, make: Maker, damaged: str, how: str) -> None:
    cache = AssemblyCache(tmp_path / "kept")
    _read(cache, make, tmp_path)
    path = tmp_path / "kept" / "key" / damaged
    whole = path.read_bytes()
    path.unlink() if how == "gone" else path.write_bytes(whole[:40] if how == "cut short" else b'{"Resources": {}}')
    assert _read(cache, make, tmp_path) == {"Stack"}
    assert make.times == 2
    assert _read(cache, make, tmp_path) == {"Stack"}
    assert (make.times, path.read_bytes()) == (2, whole)


def test_what_cannot_be_made_leaves_nothing_behind(tmp_path: Path) -> None:
    def refuse(_output: Path) -> None:
        raise BadInput("no")

    with pytest.raises(UpliftError, match="no"):
        AssemblyCache(tmp_path / "kept").read_or_make("key", refuse, tmp_path / "otherwise")
    assert list((tmp_path / "kept").iterdir()) == []


def test_only_the_newest_are_kept_and_what_a_dead_process_left_goes(tmp_path: Path, make: Maker) -> None:
    kept = tmp_path / "kept"
    cache = AssemblyCache(kept)
    for number in range(25):
        _read(cache, make, tmp_path, f"key-{number}")
        os.utime(kept / f"key-{number}", (number, number))
    (kept / "making-long-ago").mkdir()
    os.utime(kept / "making-long-ago", (1, 1))
    (kept / "making-now").mkdir()
    _read(cache, make, tmp_path, "key-24")
    _read(cache, make, tmp_path, "one more")
    assert {path.name for path in kept.iterdir()} == {"making-now", "one more", *[f"key-{number}" for number in range(6, 25)]}


def test_without_a_folder_to_write_to_it_is_made_elsewhere(tmp_path: Path, make: Maker) -> None:
    (tmp_path / "file").write_text("no folder can be made below a file, whoever asks")
    for cache in (AssemblyCache(None), AssemblyCache(tmp_path / "file" / "kept")):
        assert _read(cache, make, tmp_path) == {"Stack"}
    assert make.times == 2


def test_two_at_once_both_get_the_assembly(tmp_path: Path) -> None:
    both_are_making, got = threading.Barrier(2), list[set[str]]()

    def run() -> None:
        maker = Maker()

        def make(output: Path) -> None:
            maker(output)
            both_are_making.wait(60)

        got.append(set(AssemblyCache(tmp_path / "kept").read_or_make("key", make, tmp_path / "otherwise").stacks))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [{"Stack"}, {"Stack"}]
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["key"]


def test_whatever_decides_an_assembly_is_in_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {cache_key("tree", "prod"), cache_key("tree", "dev"), cache_key("other", "prod")}
    monkeypatch.setattr("uplift.review.templates.assembly_cache.version", lambda name: f"another {name}")
    keys.add(cache_key("tree", "prod"))
    monkeypatch.setattr("sys.version", "3.99")
    keys.add(cache_key("tree", "prod"))
    assert len(keys) == 5


def test_the_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for given, expected in (("", tmp_path / ".cache"), ("relative", tmp_path / ".cache"), ("/elsewhere", Path("/elsewhere"))):
        monkeypatch.setenv("XDG_CACHE_HOME", given)
        assert cache_folder() == expected / "uplift" / "assemblies"

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setattr(Path, "home", homeless)
    assert cache_folder() is None


def test_an_entry_that_is_used_counts_as_new(tmp_path: Path, make: Maker) -> None:
    cache = AssemblyCache(tmp_path)
    _read(cache, make, tmp_path)
    os.utime(tmp_path / "key", (1, 1))
    _read(cache, make, tmp_path)
    assert (tmp_path / "key").stat().st_mtime > time.time() - 3600
