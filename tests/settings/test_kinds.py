"""Mistakes by their kind: one thing for two, what is somebody else's, what does not exist, what never comes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from uplift.errors import BadInput
from uplift.settings.environment import EnvironmentSettings
from uplift.settings.load import load_settings

Load = Callable[[str, Any], EnvironmentSettings]

_SG = "sg-0bad0bad0bad000a"
_HERE = "us-gov-west-1:333333333333"
_TWICE: list[tuple[str, Any, str]] = [
    (
        "network.client_security_group_ids",
        {"api": f"{_SG}1", "worker": f"{_SG}1"},
        f"network.client_security_group_ids.worker is {_SG}1, which api is already; allowed: each security group once",
    ),
    (
        "network.client_security_group_ids",
        {"api": f"{_SG}3"},
        f"api is {_SG}3, which is legacy.security_group_id; allowed: the client's own",
    ),
    ("legacy.security_group_id", f"{_SG}2", f"client_security_group_ids.worker is {_SG}2, which is legacy.security_group_id"),
    ("network.endpoint_security_group_id", f"{_SG}1", f"api is {_SG}1, which is network.endpoint_security_group_id"),
    ("network.endpoint_security_group_id", f"{_SG}3", f"network.endpoint_security_group_id is {_SG}3, which is legacy.security_group_id"),
    (
        "network.client_security_group_ids",
        {"web-1": f"{_SG}1", "web1": f"{_SG}2"},
        "has web-1 and web1, allowed: names that differ in more",
    ),
    ("network.subnet_ids", ["subnet-0bad0bad0bad000a1"] * 2, "network.subnet_ids has 'subnet-0bad0bad0bad000a1' twice, allowed: each once"),
    ("network.route_table_ids", ["rtb-01234567", "rtb-89abcdef", "rtb-01234567"], "network.route_table_ids has 'rtb-01234567' twice"),
    ("legacy.alarms_to_mute", ["memory", "memory"], "legacy.alarms_to_mute has 'memory' twice"),
    (
        "pipeline.operators",
        ["arn:aws-us-gov:iam::333333333333:role/on-call"] * 2,
        "pipeline.operators has 'arn:aws-us-gov:iam::333333333333:",
    ),
    ("upgrade.acknowledged", ["no-engine-rollback"] * 2, "upgrade.acknowledged has 'no-engine-rollback' twice"),
    ("required_tags", ["Owner", "owner"], "required_tags has 'Owner' twice, as 'owner' too, allowed: each once"),
    ("tags", {"Owner": "a", "owner": "b"}, "tags has 'Owner' and 'owner', allowed: one of them"),
    ("upgrade.notify", ["a@b.gov", "A@B.gov"], "upgrade.notify has 'a@b.gov' twice, as 'A@B.gov' too, allowed: each once"),
    ("upgrade.notify", ["https://Pager.gov/x", "https://pager.gov/x/"], "upgrade.notify has 'https://Pager.gov/x' twice"),
    ("upgrade.notify", ["https://pager.gov/a/b", "https://pager.gov/a--b"], "upgrade.notify has 'https://pager.gov/a/b' twice"),
    ("upgrade.notify", [f"arn:aws-us-gov:sns:{_HERE}:pager"] * 2, "twice, allowed: each once"),
]
_ELSEWHERE: list[tuple[str, Any, str]] = [
    (
        "permissions_boundary_arn",
        "arn:aws-cn:iam::333333333333:policy/ours",
        "allowed: a policy of account 333333333333 in partition aws-us-gov",
    ),
    *(
        (
            "pipeline.oidc_provider_arn",
            f"arn:{owner}:oidc-provider/token.actions.githubusercontent.com",
            "allowed: the provider of account 3333",
        )
        for owner in ("aws:iam::333333333333", "aws-us-gov:iam::444444444444")
    ),
    *(
        ("upgrade.notify", [f"arn:{owner}:pager"], "allowed: a topic of account 333333333333 in us-gov-west-1")
        for owner in (
            "aws:sns:us-gov-west-1:333333333333",
            "aws-us-gov:sns:us-gov-east-1:333333333333",
            "aws-us-gov:sns:us-gov-west-1:444444444444",
        )
    ),
]
_NOWHERE: list[tuple[str, Any, str]] = [
    (
        "region",
        "us-gov-west-2",
        "region: found 'us-gov-west-2', which is no region of AWS, allowed: us-gov-west-1",
    ),
    ("region", "us-gov-north-1", "which is no region of AWS"),
    ("region", "eu-west-9", "allowed: eu-west-1, eu-west-2 or eu-west-3"),
    ("region", "US-GOV-WEST-1", "did you mean us-gov-west-1?"),
    ("region", "us-gov-west-1a", "which is no region of AWS"),
    (
        "upgrade.schedule.time_zone",
        "america/new_york",
        "'america/new_york' is no time zone, allowed: an IANA name such as America/New_York",
    ),
    ("upgrade.schedule.time_zone", "posix/America/New_York", "is no time zone"),
    ("upgrade.schedule.time_zone", "America/New_Yrok", "did you mean America/New_York?"),
    ("upgrade.schedule.time_zone", "/etc/localtime", "is no time zone"),
    (
        "app_cache.node_type",
        "cache.r5.3xlarge",
        "app_cache.node_type: cache.r5.3xlarge is none of the node types that new groups get: r5 has large",
    ),
    ("app_cache.node_type", "cache.r99.large", "ElastiCache has no such type"),
    ("app_cache.node_type", "r5.large", "ElastiCache has no such type, did you mean cache.r5.large?"),
    ("app_cache.node_type", "cache.R5.large", "did you mean cache.r5.large?"),
    ("app_cache.node_type", "cache.t2.small", "ElastiCache still has t2, and makes no new nodes of it"),
    ("app_cache.node_type", "cache.r8g.large", "cache.r8g.large needs Valkey 7.2 or newer, found 5.0.6"),
    ("app_cache.node_type", "cache.c7gn.large", "cache.c7gn.large needs Redis 6.2 or newer"),
    ("upgrade.recovery", {"node_type": "cache.m4.large"}, "upgrade.recovery.node_type: cache.m4.large is not offered in us-gov-west-1"),
    ("upgrade.recovery", {"node_type": "cache.m5.3xlarge"}, "m5 has large, xlarge, 2xlarge, 4xlarge, 12xlarge, 24xlarge"),
    (
        "app_cache.engine_version",
        "6.2.6",
        "app_cache.engine_version: '6.2.6' names a patch, which AWS chooses: write 6.2, allowed for redis",
    ),
    ("app_cache.engine_version", "8.1", "'8.1' is a version of valkey, allowed for redis"),
    ("app_cache.engine_version", "5.0.7", "'5.0.7' cannot be created, allowed for redis"),
    ("app_cache.engine", "valkey", "app_cache.engine_version: '5.0.6' is a version of redis, allowed for valkey: 7.2, 8.0, 8.1"),
    ("upgrade.engine", "valkey", "upgrade.target_version: '5.0.6' is a version of redis, allowed for valkey: 7.2"),
    ("legacy.engine_version", "2.8.24", "'2.8.24' is a version of ElastiCache that Uplift does not know how to upgrade, allowed: 3.2.4"),
    ("app_cache.parameters", {"maxmemory-polcy": "x"}, "does not exist in family redis5.0, did you mean maxmemory-policy?"),
    ("app_cache.parameters", {"rename-commands": ""}, "app_cache.parameters.rename-commands is blank"),
    (
        "app_cache.parameters",
        {"cluster-enabled": False},
        "app_cache.parameters.cluster-enabled: found false without quotes, allowed: a text",
    ),
]
_DATES: list[tuple[str, Any, str]] = [
    ("upgrade.not_after", "2019-12-06T06:00:00Z", "upgrade.not_after is 2019-12-06T06:00:00+00:00, which is past"),
    ("upgrade.not_after", 1796536800, "upgrade.not_after: found 1796536800, allowed: a date and time with its zone"),
    ("upgrade.not_after", "2026-12-06", "upgrade.not_after: found '2026-12-06', allowed: a date and time with its zone"),
    ("upgrade.not_after", "2026-02-30T00:00:00Z", "allowed: a date and time with its zone"),
    ("upgrade.not_after", "9999-12-31T23:59:59-12:00", "allowed: a year between 1970 and 2199"),
    (
        "upgrade.not_after",
        "2026-12-13T02:00:00Z",
        "which first fires at 2026-12-13 02:00 UTC; allowed: before not_after, 2026-12-13 02:00 UTC",
    ),
    (
        "upgrade.schedule.expression",
        "at(2026-12-13T21:00:00)",
        "upgrade.schedule.expression is at(2026-12-13T21:00:00), which first fires at",
    ),
    ("upgrade.schedule.expression", "at(2019-12-12T21:00:00)", "at(2019-12-12T21:00:00), which is past; allowed: a time to come"),
    (
        "upgrade.schedule.expression",
        "at(2026-03-08T02:30:00)",
        "a local time that the clocks of America/New_York skip; allowed: one that they",
    ),
    ("upgrade.schedule.expression", "cron(0 2 ? * SAT 2019)", "cron(0 2 ? * SAT 2019), whose days are past; allowed: a year to come"),
    (
        "upgrade.schedule.expression",
        "cron(0 2 1 1 ? 2027)",
        "which first fires at 2027-01-01 07:00 UTC; allowed: before not_after, 2026-12-13 06:00",
    ),
    ("upgrade.schedule.expression", "cron(30 2 8 3 ? 2026)", "whose local times are those that the clocks of America/New_York skip"),
    ("upgrade.schedule.expression", "cron(30 2 ? 3 SUN#2 *)", "whose local times are those that the clocks of America/New_York skip"),
    ("upgrade.schedule.expression", "cron(0 2 31 2 ? *)", "upgrade.schedule.expression: 'cron(0 2 31 2 ? *)' names days that never come"),
]
_JOBS: list[tuple[str, Any, str]] = [
    (
        "upgrade.parameters.maxmemory-policy",
        policy,
        f"upgrade.parameters.maxmemory-policy is '{policy}', which evicts any key, and legacy holds",
    )
    for policy in ("allkeys-lru", "allkeys-lfu", "allkeys-random")
]
ROWS = [*_TWICE, *_ELSEWHERE, *_NOWHERE, *_DATES, *_JOBS]


@pytest.mark.parametrize(("field", "value", "message"), ROWS, ids=[f"{field}={value}" for field, value, _ in ROWS])
def test_refused(load_changed: Load, field: str, value: Any, message: str) -> None:
    with pytest.raises(BadInput) as problem:
        load_changed(field, value)
    assert message in str(problem.value)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("upgrade.parameters.maxmemory-policy", "volatile-lru"),
        ("upgrade.parameters.maxmemory-policy", "noeviction"),
        ("upgrade.parameters", {}),
        ("app_cache.parameters.maxmemory-policy", "allkeys-lru"),
        ("upgrade.schedule.expression", "cron(30 2 ? * SUN *)"),
        ("upgrade.schedule.expression", "cron(0 1 ? * SAT#2 2026)"),
        ("upgrade.schedule.expression", "at(2026-11-01T01:30:00)"),  # twice on the clocks: the first is meant
        ("upgrade.not_after", "2026-12-13T01:00:00-05:00"),
        ("upgrade.notify", ["first.last+pager@sub.example.gov", "https://user:key@pager.example.gov:8443/a?b=c%20d"]),
        ("upgrade.notify", [f"arn:aws-us-gov:sns:{_HERE}:pager", f"arn:aws-us-gov:sns:{_HERE}:Pager"]),
        ("tags", {"Owner": "us", "cost:centre": "a b"}),
        ("pipeline.operators", ["arn:aws-us-gov:iam::444444444444:role/on-call", "arn:aws-us-gov:iam::333333333333:role/on-call"]),
    ],
)
def test_taken(load_changed: Load, field: str, value: Any) -> None:
    assert load_changed(field, value)


@pytest.mark.parametrize(
    "number", ["nobody", "a@b", "@b.gov", "a@b..gov", "a@b.gov.", "a b@c.gov", "a@@b.gov", "https://", "https://a b", "ftp://a.gov"]
)
def test_nobody_is_there(load_changed: Load, number: str) -> None:
    with pytest.raises(BadInput, match="cannot be notified, allowed: a mail address"):
        load_changed("upgrade.notify", [number])


def _prod(tmp_path: Path, change: Callable[[dict[str, Any]], object]) -> EnvironmentSettings:
    content = yaml.safe_load(Path("config/prod.yaml").read_text())
    change(content)
    (tmp_path / "prod.yaml").write_text(yaml.safe_dump(content))
    return load_settings("prod", tmp_path)


_ALL = ["no-engine-rollback", "manager-must-change-a-line", "outage-for-the-whole-upgrade"]


@pytest.mark.parametrize(
    ("kind", "version", "acknowledged", "missing"),
    [
        (
            "replication-group",
            "3.2.4",
            [],
            "upgrade.acknowledged lacks manager-must-change-a-line, no-engine-rollback, but schedule.enabled",
        ),
        ("replication-group", "3.2.4", _ALL[1:], "upgrade.acknowledged lacks no-engine-rollback, but schedule.enabled"),
        ("replication-group", "3.2.4", _ALL[:2], ""),
        ("replication-group", "4.0.10", _ALL[1:2], ""),
        ("standalone-cluster", "3.2.4", _ALL[:2], "upgrade.acknowledged lacks outage-for-the-whole-upgrade, but schedule.enabled"),
        ("standalone-cluster", "3.2.4", _ALL, ""),
    ],
)
def test_a_schedule_that_is_on_needs_what_the_plan_demands(
    tmp_path: Path, kind: str, version: str, acknowledged: list[str], missing: str
) -> None:
    def change(content: dict[str, Any]) -> None:
        content["legacy"] |= {"kind": kind, "engine_version": version}
        content["upgrade"]["schedule"]["enabled"] = True
        content["upgrade"] |= {"acknowledged": acknowledged, "acknowledged_by": "Ada", "approved": {"plan": "0" * 16, "by": "Ada"}}

    if not missing:
        assert _prod(tmp_path, change).upgrade.schedule.enabled
        return
    with pytest.raises(BadInput) as problem:
        _prod(tmp_path, change)
    assert missing in str(problem.value)


def test_a_schedule_that_is_on_lacks_approval_and_acknowledgement_at_once(load_changed: Load) -> None:
    with pytest.raises(BadInput) as problem:
        load_changed("upgrade.schedule.enabled", True)
    assert "upgrade.acknowledged lacks" in str(problem.value)
    assert "upgrade.approved is missing, but schedule.enabled" in str(problem.value)


@pytest.mark.parametrize(
    ("field", "arn"),
    [
        ("auth_secret_arn", "arn:aws-us-gov:secretsmanager:us-gov-east-1:333333333333:secret:token-AbCdEf"),
        ("auth_secret_arn", "arn:aws-us-gov:secretsmanager:us-gov-west-1:444444444444:secret:token-AbCdEf"),
        ("auth_secret_arn", "arn:aws:secretsmanager:us-gov-west-1:333333333333:secret:token-AbCdEf"),
    ],
)
def test_a_secret_is_of_this_environment(tmp_path: Path, field: str, arn: str) -> None:
    with pytest.raises(BadInput) as problem:
        _prod(tmp_path, lambda content: content["legacy"].update({"engine_version": "3.2.6", "transit_encryption": True, field: arn}))
    assert f"legacy.{field} is {arn}, allowed: a secret of account 333333333333 in us-gov-west-1 in partition aws-us-gov" in str(
        problem.value
    )


@pytest.mark.parametrize("owner", ["aws:kms:us-west-2:333333333333", "aws:kms:us-east-1:444444444444", "aws-cn:kms:us-east-1:333333333333"])
def test_a_key_is_of_this_environment(tmp_path: Path, owner: str) -> None:
    def change(content: dict[str, Any]) -> None:
        content.update(region="us-east-1", permissions_boundary_arn=None)
        content["app_cache"]["kms_key_arn"] = f"arn:{owner}:key/01234567-89ab-cdef-0123-456789abcdef"

    with pytest.raises(
        BadInput, match="app_cache.kms_key_arn is arn:.*, allowed: a key of account 333333333333 in us-east-1 in partition aws"
    ):
        _prod(tmp_path, change)


@pytest.mark.parametrize(("section", "field"), [("app_cache", "engine_version"), ("upgrade", "target_version")])
def test_a_version_that_is_left_out_must_be_one_of_the_engine(tmp_path: Path, section: str, field: str) -> None:
    def change(content: dict[str, Any]) -> None:
        content[section]["engine"] = "valkey"
        del content[section][field]

    with pytest.raises(BadInput, match=f"prod.yaml: {section}.{field}: '5.0.6' is a version of redis"):
        _prod(tmp_path, change)
