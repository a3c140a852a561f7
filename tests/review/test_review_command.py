"""The command itself: what it accepts, how it refuses, acknowledgements, and its three ways of printing."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from tests.review.conftest import Reviewed, edited, write_assembly
from tests.review.edits import APP_CACHE, GROUP, Templates, both, family, put, rename
from uplift.cli.main import application
from uplift.errors import BadInput
from uplift.review.acknowledgements import load_acknowledgements
from uplift.review.templates.assembly import read_assembly
from uplift.review.templates.revisions import synthesise

_UPGRADE = both(put(EngineVersion="7.1"), family("redis7"))
_TODAY = date.today()


def _entry(**other: Any) -> dict[str, Any]:
    entry = {"stack": APP_CACHE, "resource": GROUP, "class": "outage", "reason": "upgrade in the quiet hour", "by": "ops", "until": _TODAY}
    return entry | other


def _file(folder: Path, *entries: dict[str, Any]) -> Path:
    path = folder / "acknowledged.yaml"
    path.write_text(yaml.safe_dump({"acknowledged": list(entries)}))
    return path


def test_an_acknowledged_upgrade_passes_and_says_who_and_why(reviewed: Reviewed, tmp_path: Path) -> None:
    exit_code, document = reviewed(_UPGRADE, lambda _t: None, "--acknowledged", str(_file(tmp_path, _entry())))
    assert (exit_code, document["worst"], document["unacknowledged"]) == (0, "outage", 0)
    (outage,) = [one for one in document["findings"] if one["class"] == "outage"]
    assert outage["acknowledged"] == {"reason": "upgrade in the quiet hour", "by": "ops", "until": str(_TODAY)}


@pytest.mark.parametrize("other", [{"class": "data loss"}, {"resource": "Another"}, {"stack": "UpliftDevAppCache"}])
def test_an_entry_about_something_else_acknowledges_nothing_and_is_a_finding(
    reviewed: Reviewed, tmp_path: Path, other: dict[str, str]
) -> None:
    exit_code, document = reviewed(_UPGRADE, lambda _t: None, "--acknowledged", str(_file(tmp_path, _entry(**other))))
    assert exit_code == 1
    (idle,) = [one for one in document["findings"] if one["type"] == "acknowledgement"]
    assert "covers nothing here" in idle["what"]


def test_an_expired_entry_acknowledges_nothing_and_fails_even_an_equal_pair(reviewed: Reviewed, tmp_path: Path) -> None:
    expired = _file(tmp_path, _entry(until=_TODAY - timedelta(days=1)))
    exit_code, document = reviewed(lambda _t: None, lambda _t: None, "--acknowledged", str(expired))
    assert (exit_code, [one["what"] for one in document["findings"]]) == (1, ["an acknowledgement of outage has expired"])


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"class": "minor"}, "acknowledged.0.class: found 'minor', allowed: input should be 'data loss', 'outage'"),
        ({"reason": "because"}, "acknowledged.0.reason: found 'because', allowed: string should have at least 10 characters"),
        ({"until": "soon"}, "acknowledged.0.until: found 'soon', allowed:"),
        ({"surprise": 1}, "acknowledged.0.surprise: found 1, allowed:"),
    ],
)
def test_a_bad_entry_is_one_line(tmp_path: Path, entry: dict[str, Any], message: str) -> None:
    path = _file(tmp_path, _entry(**entry))
    with pytest.raises(BadInput) as refused:
        load_acknowledgements(path, required=True)
    assert str(refused.value).startswith(f"{path}: {message}")
    assert "\n" not in str(refused.value)


def test_the_allowed_class_is_what_nobody_need_acknowledge(reviewed: Reviewed) -> None:
    assert reviewed(_UPGRADE, lambda _t: None, "--allow", "outage")[0] == 0


def test_an_outage_is_above_what_security_allows(reviewed: Reviewed) -> None:
    assert reviewed(_UPGRADE, lambda _t: None, "--allow", "security")[0] == 1


def _invoke(*arguments: str) -> Any:
    return CliRunner().invoke(application, ["review", *arguments])


def test_what_is_neither_file_nor_revision_is_refused(tmp_path: Path) -> None:
    for wrong, message in (
        (tmp_path / "nothing", "neither a file nor a git revision"),
        (tmp_path, "with manifest.json"),
        (_written(tmp_path / "list.json", "[1]"), "no CloudFormation template"),
        (_written(tmp_path / "bad.json", "{"), "neither JSON nor YAML"),
        (_written(tmp_path / "sam.json", json.dumps({"Transform": "AWS::Serverless-2016-10-31", "Resources": {}})), "uses a transform"),
        (_written(tmp_path / "untyped.json", json.dumps({"Resources": {"A": {}}})), "Resources.A.Type is missing"),
    ):
        problem = _invoke(str(wrong), str(wrong)).exception
        assert isinstance(problem, BadInput), wrong
        assert message in str(problem)
        assert str(wrong) in str(problem)


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_templates_alone_are_compared_whatever_they_are_called(tmp_path: Path, templates: Templates) -> None:
    one = _written(tmp_path / "old.json", json.dumps(templates[APP_CACHE]))
    other = _written(tmp_path / "new.yaml", yaml.safe_dump(edited(templates, put(Port=6380))[APP_CACHE]))
    ended = _invoke(str(one), str(other))
    assert ended.exit_code == 1
    assert "DATA LOSS" in ended.stdout
    assert f"template / {GROUP}: replaced because of Port" in ended.stdout


def test_short_tags_of_yaml_are_the_same_expressions(tmp_path: Path) -> None:
    short = _written(
        tmp_path / "s.yaml", "Resources:\n  A:\n    Type: X\n    Properties: {R: !Ref B, G: !GetAtt B.Arn, S: !Sub 'a-${B}'}\n"
    )
    long = _written(
        tmp_path / "l.json",
        json.dumps(
            {
                "Resources": {
                    "A": {"Type": "X", "Properties": {"R": {"Ref": "B"}, "G": {"Fn::GetAtt": ["B", "Arn"]}, "S": {"Fn::Sub": "a-${B}"}}}
                }
            }
        ),
    )
    assert read_assembly(short).stacks == read_assembly(long).stacks


def test_markdown_is_one_table_worst_first_and_takes_no_orders_from_a_template(tmp_path: Path, templates: Templates) -> None:
    evil = "x | <img src=x> @everyone [a](http://evil) `code`"
    head = edited(templates, rename(GROUP, "New"), put("AlarmsNode001ReplicationLagB4744A6E", Period=600, AlarmDescription=evil))
    head[APP_CACHE]["Resources"]["New"]["Properties"]["ReplicationGroupDescription"] = evil
    sides = [
        write_assembly(tmp_path / "b", edited(templates, put(PreferredMaintenanceWindow="tue:06:00-tue:08:00"))),
        write_assembly(tmp_path / "h", head),
    ]
    text = _invoke(*map(str, sides), "--markdown").stdout
    assert text.startswith("<!-- uplift-review -->\n")
    rows = [line for line in text.splitlines() if line.startswith("| **")]
    assert [row.split("**")[1] for row in rows] == sorted(
        (row.split("**")[1] for row in rows),
        key=["data loss", "outage", "fails at deploy", "security", "protection weakened", "behaviour change"].index,
    )
    assert rows[0].startswith("| **data loss**")
    assert not any(order in text for order in ("<img", "@everyone", "](http", "http://evil"))


def test_json_and_markdown_together_are_refused(tmp_path: Path, templates: Templates) -> None:
    side = str(write_assembly(tmp_path / "b", templates))
    assert isinstance(_invoke(side, side, "--json", "--markdown").exception, BadInput)


def test_termination_protection_off_and_an_ssm_default_are_seen(tmp_path: Path, templates: Templates) -> None:
    base = write_assembly(tmp_path / "b", templates)
    head = write_assembly(tmp_path / "h", templates, protected=False)
    ended = _invoke(str(base), str(head))
    assert ended.exit_code == 1
    assert "termination protection off" in ended.stdout


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's cache folder, shared by these tests: the base of their repositories has the same files."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: Path) -> Path:
    """A repository of this app: the working tree, committed, with one environment."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(kept))
    root = Path.cwd()
    tree = tmp_path / "repository"
    tree.mkdir()
    for part in ("app.py", "cdk.json", "stacks", "uplift", "requirements-lambda.txt"):
        source = root / part
        if source.is_dir():
            shutil.copytree(source, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tree / part)
    (tree / "config").mkdir()
    shutil.copy(root / "config" / "prod.yaml", tree / "config" / "prod.yaml")
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "base"]):
        subprocess.run(["git", *command], cwd=tree, check=True)
    monkeypatch.chdir(tree)
    return tree


@pytest.fixture
def synthesised_names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The name of each revision that is synthesised from here on."""
    names: list[str] = []

    def counted(tree: Path, bundle: Path, environment: str, output: Path, name: str) -> None:
        names.append(name)
        synthesise(tree, bundle, environment, output, name)

    monkeypatch.setattr("uplift.cli.commands.review.synthesise", counted)
    return names


@pytest.mark.long
def test_git_revisions_are_synthesised_apart_and_leave_nothing_behind(repository: Path, synthesised_names: list[str]) -> None:
    """A setting in a commit becomes what it does: an engine version, with its family, from one line of YAML."""
    settings = repository / "config" / "prod.yaml"
    settings.write_text(
        settings.read_text().replace(
            "engine_version: 5.0.6\n  node_type: cache.r5.xlarge", "engine_version: '7.1'\n  node_type: cache.r5.xlarge"
        )
    )
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qam", "head"], cwd=repository, check=True)
    ended = _invoke("HEAD~1", "HEAD", "--json")
    assert ended.exit_code == 1, ended.output
    document = json.loads(ended.stdout)
    assert {one["class"] for one in document["findings"]} == {"outage", "harmless"}
    assert "redis 5.0.6 → redis 7.1" in {one["what"] for one in document["findings"]}
    _file(repository / "config", _entry())
    synthesised_names.clear()
    assert _invoke("HEAD~1", "HEAD").exit_code == 1, "what is not committed acknowledges nothing"
    assert synthesised_names == []
    for command in (["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "acknowledged"]):
        subprocess.run(["git", *command], cwd=repository, check=True)
    assert _invoke("HEAD~2", "HEAD").exit_code == 0
    assert synthesised_names == ["HEAD"]
    listed = subprocess.run(["git", "worktree", "list"], cwd=repository, capture_output=True, text=True, check=True).stdout
    assert len(listed.splitlines()) == 1


def test_the_same_files_are_synthesised_once_unless_told_otherwise(
    repository: Path, monkeypatch: pytest.MonkeyPatch, templates: Templates, tmp_path: Path
) -> None:
    names: list[str] = []

    def stand_in(_tree: Path, _bundle: Path, _environment: str, output: Path, name: str) -> None:
        names.append(name)
        write_assembly(output, templates)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("uplift.cli.commands.review.synthesise", stand_in)
    assert _invoke("HEAD", "HEAD~0").exit_code == 0
    assert _invoke("HEAD", "HEAD~0").exit_code == 0
    assert names == ["HEAD"]
    assert _invoke("HEAD", "HEAD~0", "--no-cache").exit_code == 0
    assert names == ["HEAD", "HEAD", "HEAD~0"]


@pytest.mark.long
def test_a_revision_whose_settings_are_refused_says_so(repository: Path) -> None:
    settings = repository / "config" / "prod.yaml"
    settings.write_text(settings.read_text().replace("target_version: 5.0.6", "target_version: 2.8"))
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qam", "head"], cwd=repository, check=True)
    problem = _invoke("HEAD~1", "HEAD").exception
    assert "HEAD: prod cannot be synthesised: config/prod.yaml: upgrade.target_version" in str(problem)
