"""What a template leaves open is judged in every way it can be, and the worst is said with the value it holds for."""

from __future__ import annotations

import itertools
import random
from datetime import date
from typing import Any

import pytest

from uplift.review.finding import Finding, Impact
from uplift.review.review import findings_of, review
from uplift.review.templates.environment import DeployEnvironment
from uplift.review.templates.template import Assembly, read_template
from uplift.review.templates.worlds import MOST_WORLDS, World, every_world

pytestmark = pytest.mark.usefixtures("without_schemas")
_PLACE = DeployEnvironment("333333333333", "us-gov-west-1")
_ENV = {"Type": "String"}
_IS_PROD = {"IsProd": {"Fn::Equals": [{"Ref": "Env"}, "prod"]}}
_GROUP = {
    "EngineVersion": "7.1",
    "CacheParameterGroupName": "default.redis7",
    "CacheNodeType": "cache.r5.large",
    "ReplicationGroupDescription": "redis",
    "NumCacheClusters": 3,
    "AutomaticFailoverEnabled": True,
    "MultiAZEnabled": True,
    "TransitEncryptionEnabled": True,
    "SnapshotRetentionLimit": 7,
    "Port": 6379,
}


def _template(parameters: Any = None, conditions: Any = None, mappings: Any = None, **properties: Any) -> dict[str, Any]:
    group = {"Type": "AWS::ElastiCache::ReplicationGroup", "Properties": {**_GROUP, **properties}}
    made = {"Parameters": parameters, "Conditions": conditions, "Mappings": mappings, "Resources": {"Group": group}}
    return {name: value for name, value in made.items() if value}


def _assembly(template: dict[str, Any]) -> Assembly:
    return Assembly("test", {"template": read_template("template", template, "template", environment=_PLACE)})


def _worst(base: dict[str, Any], head: dict[str, Any]) -> Impact:
    return review(_assembly(base), _assembly(head), today=date(2026, 11, 30)).worst


def _found(base: dict[str, Any], head: dict[str, Any]) -> list[Finding]:
    return [one for one in findings_of(_assembly(base), _assembly(head)) if one.resource == "Group"]


def _if(when_prod: Any, otherwise: Any) -> dict[str, Any]:
    return {"Fn::If": ["IsProd", when_prod, otherwise]}


@pytest.mark.parametrize(
    ("properties", "impact", "where"),
    [
        ({"Port": _if(6380, 6379)}, Impact.DATA_LOSS, "where Env is prod"),
        ({"AutomaticFailoverEnabled": _if(False, True), "MultiAZEnabled": False}, Impact.OUTAGE, "where Env is prod"),
        ({"SnapshotRetentionLimit": _if(7, 1)}, Impact.PROTECTION, "where Env is another value"),
        ({"NumCacheClusters": _if(3, 2)}, Impact.PROTECTION, "where Env is another value"),
        ({"TransitEncryptionMode": _if("preferred", "required")}, Impact.SECURITY, "where Env is prod"),
        ({"CacheNodeType": _if("cache.r5.xlarge", "cache.r5.large")}, Impact.OUTAGE, "where Env is prod"),
    ],
)
def test_a_branch_that_only_some_values_take(properties: dict[str, Any], impact: Impact, where: str) -> None:
    base = _template({"Env": _ENV}, _IS_PROD)
    found = _found(base, _template({"Env": _ENV}, _IS_PROD, **properties))
    assert (impact, where) in {(one.impact, one.where) for one in found}


def test_a_default_is_one_value_of_many() -> None:
    environment = {"Env": {"Type": "String", "Default": "dev", "AllowedValues": ["dev", "prod"]}}
    base, head = (_template(environment, _IS_PROD, Port=_if(port, 6379)) for port in (6379, 6380))
    (lost,) = [one for one in _found(base, head) if one.impact is Impact.DATA_LOSS]
    assert lost.where == "where Env is prod"


def test_a_mapping_is_looked_up_under_each_of_its_keys() -> None:
    def made(version: str) -> dict[str, Any]:
        entries = {"prod": {"v": "6.2"}, "dev": {"v": version}}
        found = {"Fn::FindInMap": ["Of", {"Ref": "Env"}, "v"]}
        return _template({"Env": _ENV}, None, {"Of": entries}, EngineVersion=found, CacheParameterGroupName="default.redis6.x")

    (outage,) = [one for one in _found(made("6.2"), made("6.0")) + _found(made("6.0"), made("6.2")) if one.impact is Impact.OUTAGE]
    assert (outage.what, outage.where) == ("redis 6.0 → redis 6.2", "where Env is dev")


def test_a_resource_that_only_some_values_have() -> None:
    base, head = _template({"Env": _ENV}, _IS_PROD), _template({"Env": _ENV}, _IS_PROD)
    head["Resources"]["Group"]["Condition"] = "IsProd"
    (lost,) = [one for one in _found(base, head) if one.impact is Impact.DATA_LOSS]
    assert (lost.what, lost.where) == ("deleted", "where Env is another value")


def test_the_region_of_the_manifest_decides() -> None:
    conditions = {"IsProd": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-gov-west-1"]}}
    base, head = (_template(None, conditions, Port=_if(6379, port)) for port in (6379, 6380))
    assert not [one for one in _found(base, head) if one.impact is Impact.DATA_LOSS]
    base, head = (_template(None, conditions, Port=_if(port, 6379)) for port in (6379, 6380))
    (lost,) = [one for one in _found(base, head) if one.impact is Impact.DATA_LOSS]
    assert lost.where == ""


@pytest.mark.parametrize(
    "value", [{"Fn::ImportValue": "fact"}, "{{resolve:ssm:/redis/fact}}", {"Fn::Nobody": "knows"}, {"Ref": "Given"}], ids=str
)
@pytest.mark.parametrize(
    ("name", "impact"),
    [
        ("AutomaticFailoverEnabled", Impact.OUTAGE),
        ("CacheNodeType", Impact.OUTAGE),
        ("EngineVersion", Impact.OUTAGE),
        ("MultiAZEnabled", Impact.PROTECTION),
        ("NumCacheClusters", Impact.OUTAGE),
        ("Port", Impact.DATA_LOSS),
        ("SnapshotRetentionLimit", Impact.PROTECTION),
        ("TransitEncryptionEnabled", Impact.SECURITY),
    ],
)
def test_what_is_known_only_at_the_deploy_is_judged_at_its_worst(name: str, impact: Impact, value: Any) -> None:
    given = {"Given": {"Type": "String"}}
    found = _found(_template(given), _template(given, **{name: value}))
    worst = min(found, key=lambda one: one.impact.rank)
    assert worst.impact is impact, found
    assert f"{name} may be known only at the deploy" in worst.meaning


def _with_topics(count: int, **properties: Any) -> dict[str, Any]:
    """As many parameters, each of which decides whether there is a topic."""
    names = [f"P{number}" for number in range(count)]
    conditions = {f"C{name}": {"Fn::Equals": [{"Ref": name}, "yes"]} for name in names}
    made = _template({name: {"Type": "String"} for name in names}, conditions, **properties)
    made["Resources"] |= {f"Topic{name}": {"Type": "AWS::SNS::Topic", "Condition": f"C{name}"} for name in names}
    return made


def test_where_too_much_is_left_open_what_differs_is_asked_first() -> None:
    condition = {"Fn::If": ["CP0", {"Fn::If": ["CP1", 6380, 6379]}, 6379]}
    found = _found(_with_topics(7), _with_topics(7, Port=condition))
    (lost,) = [one for one in found if one.impact is Impact.DATA_LOSS]
    assert lost.where == "where P0 is yes and P1 is yes"


def test_more_worlds_than_are_looked_at_are_said_at_their_worst() -> None:
    tags = [{"Key": str(number), "Value": {"Fn::If": [f"CP{number}", "a", "b"]}} for number in range(7)]
    found = findings_of(_assembly(_with_topics(7)), _assembly(_with_topics(7, Tags=tags)))
    (cut,) = [one for one in found if one.what == f"only {MOST_WORLDS} sets of parameter values were looked at"]
    assert cut.impact is Impact.DATA_LOSS


def test_where_says_what_decides() -> None:
    parameters = {"E": {"Type": "String", "AllowedValues": ["d", "p"]}, "F": {"Type": "String", "Default": "a"}}
    conditions = {
        "IsP": {"Fn::Equals": [{"Ref": "E"}, "p"]},
        "HasF": {"Fn::Not": [{"Fn::Equals": [{"Ref": "F"}, ""]}]},
        "Both": {"Fn::And": [{"Condition": "IsP"}, {"Condition": "HasF"}]},
    }
    base, head = (_template(parameters, conditions, Port={"Fn::If": ["Both", port, 6379]}) for port in (6379, 6380))
    (lost,) = [one for one in _found(base, head) if one.impact is Impact.DATA_LOSS]
    assert lost.where == "where E is p and F is a"


def test_every_combination_is_a_world_once() -> None:
    def look(world: World) -> tuple[str, str]:
        return world.answer("a", "xyz"), world.answer("b", "pq")

    assert [result for _, result in every_world(look)] == list(itertools.product("xyz", "pq"))


def _drawn(drawn: random.Random, values: list[Any]) -> Any:
    one, other = drawn.choice(values), drawn.choice(values)
    return drawn.choice(
        [one, _if(one, other), {"Fn::If": ["IsBig", one, _if(other, one)]}, {"Fn::FindInMap": ["Of", {"Ref": "Env"}, drawn.choice("pq")]}]
    )


_DRAWN: dict[str, list[Any]] = {
    "AutomaticFailoverEnabled": [True, False],
    "NumCacheClusters": [2, 3],
    "Port": [6379, 6380],
    "SnapshotRetentionLimit": [1, 7],
    "MultiAZEnabled": [True, False],
}


def _put_in(value: Any, env: str, size: str, mappings: Any) -> Any:
    """The value under one choice, by a reading of its own."""
    if not isinstance(value, dict):
        return value
    ((name, argument),) = value.items()
    if name == "Fn::FindInMap":
        return mappings["Of"][env][argument[2]]
    holds = env == "prod" if argument[0] == "IsProd" else size != "small"
    return _put_in(argument[1] if holds else argument[2], env, size, mappings)


@pytest.mark.parametrize("attempt", range(25))
def test_the_worst_of_all_resolved_templates_is_what_is_said(attempt: int) -> None:
    seed = random.randrange(10**6)
    drawn = random.Random(seed)
    parameters = {
        "Env": {"Type": "String", "AllowedValues": ["dev", "prod", "test"]},
        "Size": {"Type": "String", "Default": "small", "AllowedValues": ["small", "big"]},
    }
    conditions = {**_IS_PROD, "IsBig": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Size"}, "small"]}]}}
    sides = []
    for _ in range(2):
        name = drawn.choice(list(_DRAWN))
        mappings = {"Of": {env: {key: drawn.choice(_DRAWN[name]) for key in "pq"} for env in ("dev", "prod", "test")}}
        sides.append(({name: _drawn(drawn, _DRAWN[name])}, mappings))
    open_sides = [_template(parameters, conditions, mappings, **properties) for properties, mappings in sides]
    worst = _worst(*open_sides)
    resolved = []
    for env, size in itertools.product(("dev", "prod", "test"), ("small", "big")):
        both = [
            _template(parameters, conditions, mappings, **{name: _put_in(value, env, size, mappings) for name, value in properties.items()})
            for properties, mappings in sides
        ]
        resolved.append(_worst(*both))
    assert worst is min(resolved, key=lambda impact: impact.rank), f"seed {seed}, attempt {attempt}"
