import json
from importlib.resources import files

import pytest

from uplift.engines.catalogue import (
    CATALOGUE,
    Engine,
    EngineVersion,
    creatable_versions,
    find_reported_version,
    find_version,
    known_version,
)
from uplift.engines.changes import Change, change_between
from uplift.engines.parameters import parameter_family
from uplift.errors import BadInput


def test_every_family_of_the_catalogue_has_parameters() -> None:
    for version in CATALOGUE:
        assert "maxmemory-policy" in parameter_family(version.family).by_name


def test_it_has_every_version_that_the_registry_schemas_let_a_cluster_ask_for() -> None:
    listed: dict[str, set[str]] = {}
    text = files("cfnlint.data.schemas.extensions.aws_elasticache_cachecluster").joinpath("engine_version.json").read_text()
    for rule in json.loads(text)["allOf"]:
        if "EngineVersion" in rule["then"]["properties"]:
            listed[rule["if"]["properties"]["Engine"]["const"]] = set(rule["then"]["properties"]["EngineVersion"]["enum"])
    for engine in Engine:
        assert set(creatable_versions(engine)) == listed[str(engine)], engine


def test_the_first_name_of_redis_6_is_its_newest() -> None:
    assert known_version(Engine.REDIS, "6.x") == find_version(Engine.REDIS, "6.2")
    assert known_version(Engine.VALKEY, "6.x") is None
    with pytest.raises(BadInput, match=r"redis 6\.x is no version"):
        find_version(Engine.REDIS, "6.x")


@pytest.mark.parametrize(
    ("asked", "reported", "same"),
    [("5.0.6", "5.0.6", True), ("5.0.6", "5.0.5", False), ("6.2", "6.2.6", True), ("6.2", "6.0.5", False), ("7.1", "7.1.0", True)],
)
def test_versions_are_read_back_as_elasticache_reports_them(asked: str, reported: str, same: bool) -> None:
    assert find_version(Engine.REDIS, asked).is_reported_as(reported) is same


def test_a_version_elasticache_never_had_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match="redis 5.1.0 is no version of ElastiCache; allowed: 4.0.10, 5.0.6"):
        find_version(Engine.REDIS, "5.1.0")
    assert find_reported_version(Engine.REDIS, "9.9.9") is None


@pytest.mark.parametrize(
    ("source", "target", "change", "reason"),
    [
        ("redis 3.2.4", "redis 5.0.6", Change.UPGRADE, "in one step"),
        ("redis 5.0.6", "redis 5.0.6", Change.NONE, "already redis 5.0.6"),
        ("redis 6.2", "redis 5.0.6", Change.IMPOSSIBLE, "never downgrades"),
        ("redis 3.2.4", "redis 5.0.5", Change.IMPOSSIBLE, "can no longer be asked for"),
        ("redis 7.1", "valkey 8.0", Change.UPGRADE, "an engine change"),
        ("valkey 7.2", "redis 7.1", Change.UPGRADE, "the one way back from Valkey"),
        ("valkey 7.2", "redis 7.0", Change.IMPOSSIBLE, "no way back from Valkey"),
        ("valkey 8.0", "redis 7.1", Change.IMPOSSIBLE, "no way back from Valkey"),
    ],
)
def test_what_can_become_what(source: str, target: str, change: Change, reason: str) -> None:
    decision = change_between(_version(source), _version(target))
    assert decision.change is change
    assert reason in decision.reason


def test_a_standalone_cluster_cannot_become_valkey() -> None:
    decision = change_between(_version("redis 3.2.4"), _version("valkey 8.0"), standalone=True)
    assert decision.change is Change.IMPOSSIBLE
    assert "put it into a replication group first" in decision.reason


def _version(text: str) -> EngineVersion:
    engine, requested = text.split()
    return find_version(Engine(engine), requested)
