"""The workflows hold no logic and no rights they do not need; what they run is what a laptop runs. actionlint is part of `make test`."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.operate import COMMANDS
from uplift.settings.environment import GroupName

_FOLDER = Path(".github/workflows")
_NAMES = ("pull-request", "comment", "deploy", "deploy-one", "upgrade", "operate", "fuzz")
_FIELDS = {"ENV": "environment", "COMMAND": "command", "RUN": "run", "GROUP": "group"}
_PINNED = re.compile(r"uses: ([\w.-]+/[\w.-]+)@([0-9a-f]{40}) # (v[\d.]+)")


def _text(name: str) -> str:
    return (_FOLDER / f"{name}.yml").read_text()


def _steps(name: str) -> list[dict[str, Any]]:
    return [step for job in yaml.safe_load(_text(name))["jobs"].values() for step in job.get("steps", [])]


@pytest.mark.parametrize("name", _NAMES)
def test_every_action_is_pinned_and_its_source_is_written_down(name: str) -> None:
    text, table = _text(name), Path("docs/pipeline.md").read_text()
    used = [line for line in text.splitlines() if "uses:" in line and "./" not in line]
    for line in used:
        pinned = _PINNED.search(line)
        assert pinned is not None, line
        assert f"| `{pinned[1]}` | {pinned[3]} | `{pinned[2]}` |" in table, line


@pytest.mark.parametrize("name", _NAMES)
def test_nothing_from_an_event_is_pasted_into_a_command(name: str) -> None:
    """An expression in `run` is text put into a shell script: a branch's name could be one."""
    assert not [step["run"] for step in _steps(name) if "${{" in step.get("run", "")]


@pytest.mark.parametrize("name", [name for name in _NAMES if name != "comment"])
def test_a_step_runs_a_make_target_or_shows_a_file(name: str) -> None:
    for step in _steps(name):
        if "run" in step:
            assert re.fullmatch(r"make [a-z-]+|cat out/review\.md >> \"\$GITHUB_STEP_SUMMARY\"", step["run"].strip()), step


def test_a_pull_request_gets_no_rights_and_no_secrets() -> None:
    workflow = yaml.safe_load(_text("pull-request"))
    assert workflow["permissions"] == {"contents": "read"}
    assert not any("permissions" in job or "environment" in job for job in workflow["jobs"].values())
    assert "secrets." not in _text("pull-request")
    assert all(step["with"]["persist-credentials"] is False for step in _steps("pull-request") if "checkout" in step.get("uses", ""))


def test_draws_are_tried_every_night_with_no_rights() -> None:
    workflow = yaml.safe_load(_text("fuzz"))
    # YAML 1.1 reads the key "on" as true.
    assert workflow[True]["schedule"] == [{"cron": "23 4 * * *"}]
    assert workflow["permissions"] == {"contents": "read"}
    assert "secrets." not in _text("fuzz")
    assert [step["run"] for step in _steps("fuzz") if "run" in step] == ["make fuzz"]


@pytest.mark.parametrize("name", ["deploy-one", "upgrade", "operate"])
def test_a_job_takes_the_role_of_its_github_environment(name: str) -> None:
    """A GitHub environment has one role, whose variable is called the same everywhere."""
    for job in yaml.safe_load(_text(name))["jobs"].values():
        assert job["permissions"] == {"contents": "read", "id-token": "write"}
        (taken,) = [step["with"] for step in job["steps"] if "configure-aws-credentials" in step.get("uses", "")]
        assert (taken["role-to-assume"], taken["aws-region"]) == ("${{ vars.ROLE_ARN }}", "${{ vars.AWS_REGION }}")
        assert job["timeout-minutes"] * 60 < taken.get("role-duration-seconds", 3600)


def test_whoever_operates_chooses_from_lists_and_a_run_is_only_text() -> None:
    workflow = yaml.safe_load(_text("operate"))
    inputs = workflow[True]["workflow_dispatch"]["inputs"]
    assert {name: one["type"] for name, one in inputs.items()} == {
        "environment": "choice",
        "command": "choice",
        "run": "string",
        "group": "choice",
    }
    assert inputs["command"]["options"] == list(COMMANDS)
    assert inputs["group"]["options"] == [group.value for group in GroupName]
    (job,) = workflow["jobs"].values()
    assert job["env"] == {name: f"${{{{ inputs.{where} }}}}" for name, where in _FIELDS.items()}
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make operate"]


def test_stopping_waits_for_nothing_that_somebody_watches() -> None:
    """A recovery may be watched for hours; only the commands of one rotation have one place in the queue."""
    concurrency = yaml.safe_load(_text("operate"))["concurrency"]
    rotations = re.search(r"contains\(fromJSON\('(.*)'\), inputs\.command\) && inputs\.group \|\| github\.run_id \}\}$", concurrency)
    assert rotations is not None
    assert set(json.loads(rotations[1])) == {command for command, given in COMMANDS.items() if "{GROUP}" in given}
    assert "cancel-in-progress" not in concurrency


def test_the_comment_checks_out_nothing_and_may_only_comment() -> None:
    workflow = yaml.safe_load(_text("comment"))
    assert workflow["permissions"] == {}
    assert workflow["jobs"]["comment"]["permissions"] == {"actions": "read", "pull-requests": "write"}
    assert not [step for step in _steps("comment") if "uses" in step]


_GH = """#!/bin/bash
echo "$@" >> "$CALLS"
case "$*" in
  *"/pulls "*) echo "$NUMBER" ;;
  *"issues/7/comments --jq"*) echo "$OLD" ;;
esac
"""


@pytest.mark.parametrize(
    ("number", "old", "call"),
    [
        ("7", "", "api --method POST repos/o/r/issues/7/comments -F body=@comment.md --silent"),
        ("7", "42", "api --method PATCH repos/o/r/issues/comments/42 -F body=@comment.md --silent"),
        ("", "", None),
    ],
)
def test_there_is_one_comment_and_its_text_is_only_text(tmp_path: Path, number: str, old: str, call: str | None) -> None:
    """The step itself, with a `gh` that notes what it is asked; the file of the pull request tries to be more than text."""
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(_GH)
    gh.chmod(gh.stat().st_mode | stat.S_IEXEC)
    (tmp_path / "review").mkdir()
    (tmp_path / "review" / "review.md").write_text("$(touch evil) `touch evil`\n" + "x" * 100_000)
    script = _steps("comment")[1]["run"]
    calls = tmp_path / "calls"
    environment = {
        "PATH": f"{gh.parent}:{os.environ['PATH']}",
        "CALLS": str(calls),
        "NUMBER": number,
        "OLD": old,
        "SHA": "abc",
        "GH_REPO": "o/r",
        "BRANCH": "me:topic",
    }
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "evil").exists()
    made = calls.read_text().splitlines()
    assert "head=me:topic" in made[0]
    if call is None:
        assert len(made) == 1
        return
    assert made[-1] == call
    comment = (tmp_path / "comment.md").read_text()
    assert comment.startswith("<!-- uplift-review -->\nPrinted by the code of abc itself.\n")
    assert len(comment) < 65_536
