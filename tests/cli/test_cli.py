"""The command line as a user meets it: the installed command, exit codes, one line for bad input, JSON for machines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

UPLIFT = str(Path(sys.executable).parent / "uplift")


def _uplift(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([UPLIFT, *arguments], capture_output=True, text=True, check=False, env={**os.environ, **environment})


@pytest.mark.parametrize("command", [[], ["settings"], ["settings", "check"], ["plan"], ["rehearse"], ["rehearse", "in-place"]])
def test_help_is_everywhere(command: list[str]) -> None:
    done = _uplift(*command, "--help")
    assert done.returncode == 0
    assert "Usage:" in done.stdout


@pytest.fixture(scope="module")
def ahead(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A config directory whose prod is config/prod.yaml with dates that this test's clock does not pass."""
    folder = tmp_path_factory.mktemp("ahead")
    content = yaml.safe_load(Path("config/prod.yaml").read_text())
    content["upgrade"]["schedule"]["expression"] = "at(2190-12-12T21:00:00)"
    content["upgrade"]["not_after"] = "2190-12-13T06:00:00Z"
    (folder / "prod.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    return folder


def test_valid_settings_give_warnings_and_0(ahead: Path) -> None:
    done = _uplift("settings", "check", "prod", "--config", str(ahead))
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == f"{ahead}/prod.yaml is valid"
    assert "warning: Sidekiq 7 needs Redis 6.2: redis 5.0.6 does not run it" in done.stdout


def test_placeholders_are_refused_where_a_deploy_is_near() -> None:
    done = _uplift("settings", "check", "prod", "--deploy")
    assert (done.returncode, done.stdout) == (2, "")
    assert "config/prod.yaml: network.s3_prefix_list_id is pl-0bad0bad, a placeholder; this finds yours: aws ec2 " in done.stderr
    assert _uplift("settings", "check", "rehearsal", "--deploy").returncode == 0


def test_a_bootstrap_is_of_one_environment_and_as_the_organisation_demands(tmp_path: Path) -> None:
    content = yaml.safe_load(Path("config/rehearsal.yaml").read_text())
    (tmp_path / "rehearsal.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    done = _uplift("bootstrap", "rehearsal", "--dry-run", "--config", str(tmp_path))
    assert done.returncode == 0, done.stderr
    deploy, bootstrap = (line for line in done.stdout.splitlines() if line.startswith("$ "))
    assert "cdk deploy UpliftRehearsalPipeline" in deploy
    assert "--qualifier uprehe" in bootstrap
    assert "--toolkit-stack-name UpliftRehearsalToolkit --termination-protection" in bootstrap
    assert "--tags Project=vets-api --tags Environment=rehearsal --custom-permissions-boundary uplift/developer-boundary" in bootstrap
    assert bootstrap.count(":policy/uplift/UpliftRehearsal-execution-") == 5
    del content["pipeline"]
    (tmp_path / "rehearsal.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    _one_line(_uplift("bootstrap", "rehearsal", "--dry-run", "--config", str(tmp_path)), "rehearsal.yaml: pipeline is missing, allowed: ")


@pytest.mark.parametrize("command", [("settings", "check"), ("plan",)])
def test_a_date_that_has_passed_is_refused_where_a_person_asks(tmp_path: Path, command: tuple[str, ...]) -> None:
    text = Path("config/prod.yaml").read_text().replace("2026-12-13T06:00:00Z", "2026-02-02T06:00:00Z").replace("2026-12-12", "2026-02-01")
    (tmp_path / "prod.yaml").write_text(text)
    done = _uplift(*command, "prod", "--config", str(tmp_path))
    _one_line(done, "prod.yaml: upgrade.not_after is 2026-02-02 06:00 UTC, which is past; allowed: a time after 2")


def test_settings_for_machines(ahead: Path) -> None:
    done = _uplift("settings", "check", "prod", "--json", "--config", str(ahead))
    document = json.loads(done.stdout)
    assert (document["schema"], document["valid"]) == ("uplift.settings.check/1", True)
    assert len(document["warnings"]) == 3


@pytest.fixture
def short_file(tmp_path: Path) -> Path:
    path = tmp_path / "short.rdb"
    path.write_bytes(b"REDIS")
    return path


@pytest.fixture
def newer_file(tmp_path: Path) -> Path:
    path = tmp_path / "newer.rdb"
    path.write_bytes(b"REDIS0010\xff" + b"\0" * 8)
    return path


def _one_line(done: subprocess.CompletedProcess[str], message: str) -> None:
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.long
def test_bad_input_is_one_line_and_2(tmp_path: Path, short_file: Path, newer_file: Path) -> None:
    (tmp_path / "prod.yaml").write_text("account: 5\n")
    full = tmp_path / "full"
    full.mkdir()
    (full / "file").touch()
    _one_line(_uplift("settings", "check", "qa"), "environment is 'qa', allowed: dev, prod, rehearsal, staging")
    _one_line(
        _uplift("settings", "check", "prod", "--config", str(tmp_path)),
        "prod.yaml: account: found 5 without quotes, allowed: 12 digits, in quotes; region: missing; network: missing; legacy: missing; ",
    )
    _one_line(_uplift("rehearse", "in-place", "--fault", "nope"), "--fault 'nope': allowed: async-loss, schedule-twice")
    _one_line(_uplift("rehearse", "in-place", "--rdb", str(short_file)), "no RDB file, it does not begin with REDIS and four digits")
    _one_line(_uplift("rehearse", "in-place", "--rdb", str(newer_file)), "RDB version 10, allowed: 1 to 9")
    _one_line(_uplift("rehearse", "in-place", "--rdb", "/nowhere"), "--rdb /nowhere: No such file or directory")
    _one_line(_uplift("rehearse", "in-place", "--out", str(full)), "not empty, allowed: a folder that is new or empty")


@pytest.mark.parametrize("arguments", [["rehearse", "in-place", "--keys", "0"], ["nonsense"], ["settings", "check"]])
def test_what_the_command_line_itself_refuses_is_2_without_a_traceback(arguments: list[str]) -> None:
    done = _uplift(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_plan_without_aws_fails_in_one_line(ahead: Path) -> None:
    done = _uplift(
        "plan", "prod", "--config", str(ahead), AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x"
    )
    assert done.returncode == 1
    assert "reading ElastiCache in us-gov-west-1: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("group", "help_text"), [("keymap", "which key goes where"), ("settings", "Check config/"), ("rehearse", "on real Redis")]
)
def test_a_group_says_what_it_is_for_and_offers_nothing_that_writes_into_home(group: str, help_text: str) -> None:
    done = _uplift(group, "--help")
    assert help_text in done.stdout
    assert "completion" not in done.stdout


def test_what_stands_behind_two_dashes_is_an_argument_of_the_command() -> None:
    _one_line(_uplift("plan", "--", "--nope"), "environment is '--nope', allowed: ")
    done = _uplift("inventory", "--", "--from")
    assert done.returncode == 2
    assert "unexpected extra argument" in done.stderr
