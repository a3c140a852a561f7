"""Whole rehearsals of a split, by its command: three servers with replicas, TLS and tokens, an application that restarts one by one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from rehearsal.split.faults import FAULTS

pytestmark = pytest.mark.long
_AS_EXPECTED = "as expected"
_RUNS = (
    ("foreign-writer", "go-while-lagging", "two-operators", "engine-killed-moved", "finish-with-client"),
    ("on-go-dies-after-success", "no-network-target", "flushed", "many-expire"),
    ("output-buffer", "clock-off", "standby-cannot-start", "back-at-moved"),
    ("lone-engine-killed-copying", "lone-engine-killed-armed", "lone-engine-killed-moving", "lone-engine-killed-moved"),
    ("engine-killed-copying", "engine-killed-armed", "engine-killed-moving", "engine-killed-back", "on-go-hangs", "back-at-moving"),
    ("source-failover", "sidekiq-failover", "engine-stands-still", "target-full"),
    ("target-failover", "notifications-off", "no-network-source", "back-at-armed", "abandon-at-moving"),
    ("on-go-fails", "state-unwritable"),
)
"""What one run has room for, each fault once; the first of them adds seconds only, and is part of every run of the tests."""
_LONGEST_SECONDS = 900


def rehearsed(out: Path, *options: str) -> dict[str, Any]:
    """The report of a rehearsal in which nothing was lost."""
    uplift = Path(sys.executable).with_name("uplift")
    command: list[str | Path] = [uplift, "rehearse", "split", "--local", "--keys", "2000", "--seconds", "2", "--out", out, *options]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_SECONDS, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    report: dict[str, Any] = json.loads((out / "report.json").read_text())
    verdict = report["verdict"]
    assert (report["outcome"] in {"nothing-lost", "named"}, verdict["unequal"]) == (True, []), report["outcome"]
    assert [verdict["jobs"][name] for name in ("lost", "twice", "before_its_data")] == [[], [], []]
    assert [verdict["cron"][name] for name in ("missed", "twice")] == [[], []]
    assert verdict["jobs"]["enqueued"] > 100
    return report


def test_nothing_is_lost_nothing_doubled_and_nobody_waits(tmp_path: Path) -> None:
    report = rehearsed(tmp_path / "out")
    assert (report["outcome"], report["verdict"]["findings"]) == ("nothing-lost", [])
    assert [(one["kind"], one["failed"]) for one in report["clients"]] == [("web", 0), ("worker", 0)]
    assert set(report["reached"]) >= {"copy", "in sync", "armed", "moving", "moved"}
    assert [(words.split()[0], code) for words, code, _text in report["answers"]] == [("go", 0), ("finish", 0)]


def test_every_fault_is_in_one_of_the_runs() -> None:
    assert sorted(name for names in _RUNS for name in names) == sorted(FAULTS)


@pytest.mark.parametrize("names", [_RUNS[0], *(pytest.param(names, marks=pytest.mark.nightly) for names in _RUNS[1:])], ids="+".join)
def test_faults_end_as_the_table_says(tmp_path: Path, names: tuple[str, ...]) -> None:
    report = rehearsed(tmp_path / "out", *(f"--fault={name}" for name in names))
    assert report["outcome"] == "nothing-lost" or any(FAULTS[name].may_name for name in names)
    ended = {name: outcome for name, _expected, outcome in report["faults"]}
    assert set(ended) == set(names)
    assert {name: outcome for name, outcome in ended.items() if not outcome.startswith(_AS_EXPECTED)} == {}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=str)
def test_one_that_is_stopped_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    out = tmp_path / "out"
    uplift = Path(sys.executable).with_name("uplift")
    command: list[str | Path] = [uplift, "rehearse", "split", "--local", "--keys", "200", "--out", out]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True) as rehearsal:
        assert rehearsal.stdout is not None
        said = ""
        while "copy, follow, armed" not in said:
            line = rehearsal.stdout.readline()
            assert line, said
            said += line
        assert processes_of(out)
        rehearsal.send_signal(number)
        said += rehearsal.stdout.read()
        assert (rehearsal.wait(), "Run it again" in said) == (1, True), said
    assert processes_of(out) == []


def processes_of(out: Path) -> list[str]:
    """The command lines that name a rehearsal's folder, save the rehearsal's own."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return [line for line in found if f"{out}/" in line]
