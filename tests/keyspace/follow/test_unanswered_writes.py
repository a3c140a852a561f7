"""What was sent and not answered for: remembered for a process that begins where another was killed."""

from __future__ import annotations

import os
import shutil
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest

from tests.keyspace.follow.pair import Pair, drive
from uplift.errors import NotWritten
from uplift.keyspace.follow.base import open_base
from uplift.keyspace.follow.key_state import ABSENT, Side
from uplift.keyspace.follow.pasts import Pasts
from uplift.keyspace.follow.unanswered_writes import UnansweredWrite, UnansweredWrites

TOKEN, OTHER = b"S12345678", b"D87654321"
_BASE_BYTES = 8 << 20


class Killed(Exception):
    """The process is dead."""


def identity(key: bytes) -> bytes:
    return sha1(key, usedforsecurity=False).digest()[:16]


def opened(path: Path) -> UnansweredWrites:
    return UnansweredWrites(path, identity)


def test_what_was_sent_is_known_to_the_next_process_until_it_is_decided(tmp_path: Path) -> None:
    first = opened(tmp_path / "sent")
    assert first.send(b"a", 2, Side.TARGET, TOKEN, 7)
    assert first.send(b"a", 0, Side.SOURCE, OTHER, -1), "the latest counts"
    assert first.send(b"gone", 1, Side.TARGET, ABSENT, -1)
    assert first.of(b"a") is None, "this process asks the answers"
    second = opened(tmp_path / "sent")
    assert second.of(b"a") == UnansweredWrite(0, Side.SOURCE, OTHER, -1, None, is_of_earlier=True)
    assert second.of(b"gone") == UnansweredWrite(1, Side.TARGET, ABSENT, -1, None, is_of_earlier=True)
    assert second.of(b"b") is None
    second.send(b"b", 1, Side.TARGET, TOKEN, 1)
    second.end_round()
    second.decided(b"a")
    third = opened(tmp_path / "sent")
    assert (third.of(b"a"), third.of(b"b")) == (None, None), "decided, and answered for"
    assert third.of(b"gone") is not None, "of two processes ago, and not decided yet"
    third.forget_earlier()
    assert third.of(b"gone") is None
    assert opened(tmp_path / "sent").of(b"gone") is None


def test_a_round_that_broke_off_keeps_what_it_sent(tmp_path: Path) -> None:
    writes = opened(tmp_path / "sent")
    writes.send(b"a", 1, Side.TARGET, TOKEN, 7)
    writes.keep(b"a", UnansweredWrite(1, Side.TARGET, TOKEN, 7, b"value"))
    writes.end_round()
    assert opened(tmp_path / "sent").of(b"a") == UnansweredWrite(1, Side.TARGET, TOKEN, 7, None, is_of_earlier=True)
    writes.forget_of(1, ())
    writes.end_round()
    assert opened(tmp_path / "sent").of(b"a") is None


def test_full(tmp_path: Path) -> None:
    writes = opened(tmp_path / "sent")
    sent = 0
    while writes.send(b"%d" % sent, 1, Side.TARGET, TOKEN, sent):
        sent += 1
    assert sent > 2_000, "more than a round has"
    again = opened(tmp_path / "sent")
    assert all(
        again.of(b"%d" % number) == UnansweredWrite(1, Side.TARGET, TOKEN, number, None, is_of_earlier=True) for number in range(sent)
    )
    assert again.of(b"%d" % sent) is None
    writes.end_round()
    assert writes.send(b"again", 1, Side.TARGET, TOKEN, 1)


def test_a_file_of_something_else_begins_anew_and_one_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "sent").write_bytes(os.urandom(1_000))
    assert opened(tmp_path / "sent").send(b"a", 1, Side.TARGET, TOKEN, 7)
    with pytest.raises(NotWritten, match="no-such-folder/sent: "):
        opened(tmp_path / "no-such-folder" / "sent")


def write(client: Any, version: int) -> None:
    for number in range(20):
        client.set(f"string:{number}", f"{version}", ex=5_000)
        client.execute_command("HMSET", f"hash:{number}", "field", version, "other", "v" * 20)
        client.lpush(f"list:{number}", version)
        client.zadd(f"zset:{number}", {"member": version})
        if version % 2:
            client.delete(f"comes:{number}")
        else:
            client.set(f"comes:{number}", version)


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("point", ["decided", "writes sent", "writes answered", "ends seen"])
def test_what_one_side_wrote_last_survives_a_killed_engine(pair: Pair, tmp_path: Path, side: Side, point: str) -> None:
    """Its own write, sent when it was killed, is taken for no application's: what was written since would have lost against it."""
    deadly = ""

    def dies(name: str) -> None:
        if name == deadly:
            raise Killed

    writer = pair.side(side).client
    pasts = Pasts(open_base(tmp_path / "base", _BASE_BYTES), tmp_path / "sent")
    driven = drive(pair, pasts=pasts, stop_point=dies)
    write(writer, 1)
    driven.in_sync()
    write(writer, 2)
    deadly = point
    with pytest.raises(Killed):
        for _ in range(100):
            driven.step()
    for name in ("base", "sent"):
        shutil.copy(tmp_path / name, tmp_path / f"{name}-left")
    complete_since = pasts.complete_since
    driven.member.close()
    write(writer, 3)
    last = {
        key: writer.dump(key) for key in writer.keys("string:*") + writer.keys("hash:*") + writer.keys("list:*") + writer.keys("comes:*")
    }
    left = Pasts(open_base(tmp_path / "base-left", _BASE_BYTES), tmp_path / "sent-left")
    left.complete_since = complete_since
    again = drive(pair, pasts=left)
    again.in_sync()
    again.pass_over()
    assert again.named == {}
    assert {key: writer.dump(key) for key in last} == last
    assert pair.differing() == []
    again.member.close()
    left.close()
    pasts.close()
