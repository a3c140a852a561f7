"""What `make check` and `make test` say at their end, and with which exit code."""

from __future__ import annotations

import re
import sys

import pytest

from tools.timed import main, steps_in, took

_PYTHON = [sys.executable, "-c"]


def test_steps_stand_between_two_dashes() -> None:
    assert steps_in(["--", "ruff", "check", ".", "--", "&", "mypy"]) == [["ruff", "check", "."], ["&", "mypy"]]


def test_minutes_and_seconds_as_people_say_them() -> None:
    assert took("make test", 581, 790, 122) == "make test: 9 min 41 s, CPU 15 min 12 s (user 13:10, system 2:02)"
    assert took("make check", 59.6, 42, 3.2) == "make check: 1 min 0 s, CPU 45 s (user 0:42, system 0:03)"


@pytest.mark.parametrize("beside", [[], ["&"]])
def test_the_first_failing_step_ends_the_run_and_its_time_is_said_all_the_same(
    capfd: pytest.CaptureFixture[str], beside: list[str]
) -> None:
    failing, never = [*beside, *_PYTHON, "print('fails'); raise SystemExit(3)"], [*_PYTHON, "print('never')"]
    assert main(["make test", "--", *failing, "--", *never]) == 3
    printed = capfd.readouterr().out.splitlines()
    assert printed[0] == "fails"
    assert len(printed) == 2
    assert re.fullmatch(r"make test: \d+ s, CPU \d+ s \(user 0:\d\d, system 0:\d\d\)", printed[1])


def test_what_ran_beside_is_shown_step_by_step(capfd: pytest.CaptureFixture[str]) -> None:
    first, second = "import time; print('a'); time.sleep(0.2); print('b')", "print('c')"
    assert main(["make check", "--", "&", *_PYTHON, first, "--", "&", *_PYTHON, second]) == 0
    assert capfd.readouterr().out.splitlines()[:3] == ["a", "b", "c"]


def test_cpu_of_the_steps_is_counted(capfd: pytest.CaptureFixture[str]) -> None:
    busy = "import time\nwhile time.process_time() < 1.2: pass"
    assert main(["make test", "--", *_PYTHON, busy]) == 0
    (seconds,) = re.findall(r"CPU (\d+) s", capfd.readouterr().out)
    assert int(seconds) >= 1
