"""Every missing and misspelt field at once, with the nearest name that is allowed there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from uplift.errors import BadInput
from uplift.settings.load import load_settings


def _said(tmp_path: Path, change: Callable[[dict[str, Any]], object]) -> str:
    content = yaml.safe_load(Path("config/prod.yaml").read_text())
    change(content)
    (tmp_path / "prod.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    with pytest.raises(BadInput) as problem:
        load_settings("prod", tmp_path)
    said = str(problem.value)
    assert said.startswith(f"{tmp_path}/prod.yaml: ")
    assert "\n" not in said
    return said.removeprefix(f"{tmp_path}/prod.yaml: ")


def test_all_of_them_are_said(tmp_path: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        del content["account"], content["network"]["vpc_id"], content["app_cache"]["replicas"]
        content["acount"] = "333333333333"
        content["network"]["vpc-id"] = "vpc-01234567"
        content["sidekiq"]["alarms"]["memory_percentage"] = 75
        content["upgrade"]["schedule"]["timezone"] = "UTC"

    said = _said(tmp_path, change).split("; ")
    assert set(said) == {
        "account: missing",
        "acount: no such field, did you mean account?",
        "network.vpc_id: missing",
        "network.vpc-id: no such field, did you mean vpc_id?",
        "app_cache.replicas: missing",
        "sidekiq.alarms.memory_percentage: no such field, did you mean memory_percent?",
        "upgrade.schedule.timezone: no such field, did you mean time_zone?",
    }


@pytest.mark.parametrize(
    ("section", "name", "message"),
    [
        ("", "node_type", "node_type: no such field here; allowed: app_cache.node_type, sidekiq.node_type or upgrade.recovery.node_type"),
        ("tags", " ", "tags has a name that is blank, allowed: 1 to 128 characters"),
        ("", "Account", "Account: no such field, did you mean account?"),
        ("legacy", "xyz", "legacy.xyz: no such field; allowed: kind, id, engine_version, security_group_id, parameter_group, port, "),
        ("upgrade", "not_before", "upgrade.not_before: no such field, did you mean not_after?"),
        ("upgrade", "maxmemory-policy", "upgrade.maxmemory-policy: no such field; allowed: engine, target_version, attempt"),
    ],
)
def test_the_nearest_name_is_offered(tmp_path: Path, section: str, name: str, message: str) -> None:
    assert message in _said(tmp_path, lambda content: (content.setdefault(section, {}) if section else content).update({name: "x"}))


def test_sections_that_the_stacks_need_are_said_with_all_that_is_missing(tmp_path: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        del content["account"], content["sidekiq"], content["app_cache"]["replicas"]
        del content["network"]["s3_prefix_list_id"], content["network"]["endpoint_security_group_id"]

    assert set(_said(tmp_path, change).split("; ")) == {
        "account: missing",
        "sidekiq: missing",
        "app_cache.replicas: missing",
        "network.s3_prefix_list_id: missing",
        "network.endpoint_security_group_id: missing",
    }


@pytest.mark.parametrize(
    ("stacks", "missing"), [("upgrade", {"network.s3_prefix_list_id"}), ("groups", {"sidekiq"}), ("all", set()), (["both"], set())]
)
def test_only_what_the_chosen_stacks_need_is_missing(tmp_path: Path, stacks: object, missing: set[str]) -> None:
    def change(content: dict[str, Any]) -> None:
        content["stacks"] = stacks
        del content["account"], content["sidekiq"], content["network"]["s3_prefix_list_id"]

    said = {sentence.removesuffix(": missing") for sentence in _said(tmp_path, change).split("; ") if sentence.endswith(": missing")}
    assert said == {"account"} | missing


@pytest.mark.parametrize("sign", ["\n", "\r", "\x1b[31m", "\u2028", "\u202e", "\x85", "\x00"])
@pytest.mark.parametrize("section", ["", "network", "tags", "network.client_security_group_ids", "app_cache.parameters"])
def test_a_key_is_said_as_values_are(tmp_path: Path, section: str, sign: str) -> None:
    def change(content: dict[str, Any]) -> None:
        place = content
        for part in section.split(".") if section else ():
            place = place.setdefault(part, {})
        place[f"a{sign}b"] = "x"

    said = _said(tmp_path, change)
    assert sign not in said
    assert said.isprintable()
    assert repr(f"a{sign}b") in said


def test_other_mistakes_are_said_as_far_as_somebody_mends_at_once(tmp_path: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        for group in ("app_cache", "sidekiq"):
            content[group] |= {"replicas": 6, "snapshot_retention_days": 0, "multi_az": "yes", "maintenance_window": "never"}
        content["upgrad"] = {}

    said = _said(tmp_path, change)
    assert said.count("allowed: ") == 5
    assert "upgrad: no such field, did you mean upgrade?" in said
    assert said.endswith(" (and 3 more)")


def test_problems_between_fields_are_said_together(tmp_path: Path) -> None:
    said = _said(tmp_path, lambda content: content["app_cache"].update({"parameter_group_family": "redis7", "replicas": 0}))
    assert "app_cache.parameter_group_family is 'redis7'" in said
    assert "; app_cache.multi_az needs a node to fail over to" in said


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- 1", "(whole file): found a list, allowed: a mapping with the fields account, region, stacks"),
        ("", "(whole file): found nothing, allowed: a mapping with"),
        ("text", "(whole file): found 'text', allowed: a mapping with"),
    ],
)
def test_a_file_that_is_no_mapping(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "prod.yaml").write_text(content)
    with pytest.raises(BadInput) as problem:
        load_settings("prod", tmp_path)
    assert message in str(problem.value)
