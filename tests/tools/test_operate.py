"""`make operate`: which command of `uplift` a form's fields mean, and that nothing but a command comes of them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tools.operate import COMMANDS, NotAllowed, arguments
from uplift.cli.main import COMMANDS as OF_UPLIFT
from uplift.inplace.records.run_record import RunKey
from uplift.settings.environment import GroupName

_RUN = RunKey("vets-api-prod", "3.2.4", "redis-5.0.6", 1).id
_FORM = {"ENV": "prod", "RUN": "", "GROUP": "app-cache"}


@pytest.mark.parametrize(
    ("fields", "given"),
    [
        ({"COMMAND": "status"}, "status prod"),
        ({"COMMAND": "plan"}, "plan prod"),
        ({"COMMAND": "report", "RUN": _RUN}, f"report prod {_RUN}"),
        ({"COMMAND": "snapshots"}, "snapshots prod"),
        ({"COMMAND": "stop", "RUN": "whatever somebody left there"}, "stop prod"),
        ({"COMMAND": "recover", "RUN": _RUN}, f"recover prod --run {_RUN}"),
        ({"COMMAND": "delete-snapshots"}, "snapshots prod --delete-due"),
        *(({"COMMAND": "rotate-token", "GROUP": str(group)}, f"rotate-token prod {group}") for group in GroupName),
        *(({"COMMAND": "finish-rotation", "GROUP": str(group)}, f"rotate-token prod {group} --finish") for group in GroupName),
    ],
)
def test_a_form_is_one_command(fields: dict[str, str], given: str) -> None:
    assert arguments(_FORM | fields) == given.split()


def test_every_command_is_one_of_uplift() -> None:
    assert {given.split()[0] for given in COMMANDS.values()} <= {one.name for one in OF_UPLIFT}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (
            {},
            "COMMAND is missing, allowed: status, plan, report, snapshots, stop, recover, delete-snapshots, rotate-token, finish-rotation",
        ),
        ({"COMMAND": "upgrade"}, "COMMAND is 'upgrade', allowed: status, plan,"),
        ({"COMMAND": "status\n"}, "COMMAND is 'status\\n', allowed: status, plan,"),
        ({"COMMAND": "status", "ENV": ""}, "ENV is missing, allowed: the name of a file of config/, such as prod"),
        ({"COMMAND": "status", "ENV": "--help"}, "ENV is '--help', allowed: the name of a file"),
        ({"COMMAND": "report"}, "RUN is missing, allowed: a run's id, ten hexadecimal digits, from its mail or `status`"),
        ({"COMMAND": "recover", "RUN": "--help"}, "RUN is '--help', allowed: a run's id"),
        ({"COMMAND": "recover", "RUN": f"{_RUN} --config /tmp"}, f"RUN is '{_RUN} --config /tmp', allowed: a run's id"),
        ({"COMMAND": "rotate-token", "GROUP": ""}, "GROUP is missing, allowed: app-cache, sidekiq"),
        ({"COMMAND": "finish-rotation", "GROUP": "legacy"}, "GROUP is 'legacy', allowed: app-cache, sidekiq"),
    ],
)
def test_what_is_missing_or_not_allowed_is_one_line(fields: dict[str, str], says: str) -> None:
    with pytest.raises(NotAllowed) as problem:
        arguments(_FORM | fields)
    assert str(problem.value).startswith(says)
    assert "\n" not in str(problem.value)


def test_a_run_meets_no_shell_and_no_make(tmp_path: Path) -> None:
    evil = tmp_path / "evil"
    run = f"'; touch {evil}; \" $(touch {evil}) `touch {evil}` $(shell touch {evil})"
    outer = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES")}
    # Not to set up anything meanwhile, where a file is newer than what was made of it.
    command = ["make", "--old-file=.cache/venv.done", "operate"]
    done = subprocess.run(command, env={**outer, **_FORM, "COMMAND": "report", "RUN": run}, capture_output=True, text=True, check=False)
    (line, of_make) = done.stderr.splitlines()
    assert line == f"RUN is {run!r}, allowed: a run's id, ten hexadecimal digits, from its mail or `status`"
    assert (done.returncode, of_make.endswith("Error 2"), evil.exists()) == (2, True, False)
