"""Placeholders load everywhere and are named, each with the command that finds the right value; a deploy refuses them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from uplift.settings.environment import EnvironmentSettings
from uplift.settings.load import environment_names, load_settings
from uplift.settings.placeholders import placeholders

LoadChanged = Callable[[str, Any], EnvironmentSettings]


@pytest.mark.parametrize("environment", [name for name in environment_names() if name != "rehearsal"])
def test_every_placeholder_of_an_environment_is_named_once(environment: str) -> None:
    text = Path(f"config/{environment}.yaml").read_text()
    found = list(placeholders(load_settings(environment)))
    # Each of these, the account and the repository.
    assert len(found) == len(re.findall(r"-0bad0bad", text)) + 2
    assert all(": aws " in one for one in found if "repository" not in one)


def test_what_is_somebodys_own_is_none() -> None:
    assert list(placeholders(load_settings("rehearsal"))) == []


def test_the_prefix_list_of_the_region_is_looked_up(load_changed: LoadChanged) -> None:
    (found,) = [one for one in placeholders(load_settings("prod")) if "s3_prefix_list_id" in one]
    assert "describe-managed-prefix-lists --filters Name=prefix-list-name,Values=com.amazonaws.us-gov-west-1.s3" in found
    assert found.endswith(" --region us-gov-west-1")
    assert not [one for one in placeholders(load_changed("network.s3_prefix_list_id", "pl-12345678")) if "prefix" in one]


def test_the_groups_alone_need_nothing_of_the_functions(load_changed: LoadChanged) -> None:
    fields = {one.partition(" ")[0] for one in placeholders(load_changed("stacks", "groups"))}
    assert not fields & {"network.s3_prefix_list_id", "network.endpoint_security_group_id", "network.route_table_ids[0]"}
    assert {"account", "network.vpc_id", "legacy.security_group_id", "network.client_security_group_ids.api"} <= fields


def test_groups_may_be_left_out_where_the_upgrade_is_alone(tmp_path: Path) -> None:
    content = yaml.safe_load(Path("config/prod.yaml").read_text()) | {"stacks": "upgrade"}
    del content["app_cache"], content["sidekiq"]
    (tmp_path / "prod.yaml").write_text(yaml.safe_dump(content))
    settings = load_settings("prod", tmp_path)
    assert dict(settings.groups) == {} == dict(settings.deployed_groups)
