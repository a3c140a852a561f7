"""One whole rehearsal of a split, by its command: three servers with replicas, TLS and tokens, an application that restarts one by one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.long
def test_nothing_is_lost_nothing_doubled_and_nobody_waits(tmp_path: Path) -> None:
    uplift = Path(sys.executable).with_name("uplift")
    out = tmp_path / "out"
    ran = subprocess.run(
        [uplift, "rehearse", "split", "--local", "--keys", "2000", "--seconds", "2", "--out", out],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    report = json.loads((out / "report.json").read_text())
    verdict = report["verdict"]
    assert (report["outcome"], verdict["findings"], verdict["unequal"]) == ("nothing-lost", [], [])
    assert [verdict["jobs"][name] for name in ("lost", "twice", "before_its_data")] == [[], [], []]
    assert [verdict["cron"][name] for name in ("missed", "twice")] == [[], []]
    assert verdict["jobs"]["enqueued"] > 100
    assert [(one["kind"], one["failed"]) for one in report["clients"]] == [("web", 0), ("worker", 0)]
    assert set(report["reached"]) >= {"copy", "in sync", "armed", "moving", "moved"}
    assert [(words.split()[0], code) for words, code, _text in report["answers"]] == [("go", 0), ("finish", 0)]
