"""Every refused setting, with the message a person gets: one line that names file, field and what is allowed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from uplift.errors import BadInput
from uplift.settings.environment import EnvironmentSettings
from uplift.settings.load import environment_names, load_settings

Load = Callable[[str, Any], EnvironmentSettings]

_IAM = "arn:aws-us-gov:iam::333333333333"
REFUSALS: list[tuple[str, Any, str]] = [
    ("app_cache.engine_version", "3.2.4", "app_cache.engine_version: '3.2.4' cannot be created, allowed for redis: 4.0.10, 5.0.6, 6.0"),
    ("app_cache.engine_version", "5.0.5", "app_cache.engine_version: '5.0.5' cannot be created, allowed for redis: 4.0.10, 5.0.6"),
    ("app_cache.parameter_group_family", "redis7", "app_cache.parameter_group_family is 'redis7', but redis 5.0.6 owns 'redis5.0'"),
    ("app_cache.parameters.maxmemory-polcy", "noeviction", "app_cache.parameters.maxmemory-polcy does not exist in family redis5.0"),
    ("app_cache.parameters.appendonly", "yes", "app_cache.parameters.appendonly is fixed by ElastiCache and cannot be set"),
    ("app_cache.parameters.timeout", "5", "app_cache.parameters.timeout is '5', allowed: 0 or 20 or more"),
    (
        "app_cache.parameters.notify-keyspace-events",
        "BOGUS",
        "app_cache.parameters.notify-keyspace-events is 'BOGUS': no letter B, G, O, S, U",
    ),
    ("app_cache.parameters.notify-keyspace-events", "Ag", "which sends nothing: it needs K or E"),
    ("app_cache.parameters.cluster-enabled", "yes", "app_cache.parameters.cluster-enabled is 'yes', allowed: no"),
    (
        "app_cache.maintenance_window",
        "nonsense",
        "app_cache.maintenance_window: 'nonsense' is no weekly window, allowed: ddd:hh:mm-ddd:hh:mm",
    ),
    ("app_cache.maintenance_window", "sun:06:00-sun:06:30", "lasts 30 minutes, allowed: at least 60"),
    ("app_cache.maintenance_window", "sun:06:00-tue:06:30", "lasts 2910 minutes, allowed: at most 1440"),
    ("app_cache.snapshot_window", "25:00-99:00", "app_cache.snapshot_window: '25:00-99:00' is no daily window, allowed: hh:mm-hh:mm"),
    ("app_cache.snapshot_window", "08:30-09:00", "app_cache.snapshot_window: '08:30-09:00' lasts 30 minutes, allowed: at least 60"),
    ("app_cache.snapshot_window", "07:30-08:45", "app_cache.snapshot_window 07:30-08:45 overlaps maintenance_window sun:06:00-sun:08:00"),
    ("app_cache.snapshot_window", "06:10-07:30", "overlaps maintenance_window"),
    (
        "app_cache.node_type",
        "cache.r7g.large",
        "app_cache.node_type: cache.r7g.large needs Redis 6.2 or newer, found 5.0.6; allowed families for redis 5.0.6 in us-gov-west-1: t3",
    ),
    (
        "app_cache.node_type",
        "cache.m3.medium",
        "app_cache.node_type: cache.m3.medium is none of the node types that new groups get: ElastiCache still has m3, and makes no new nodes",
    ),
    (
        "app_cache.node_type",
        "cache.m4.large",
        "app_cache.node_type: cache.m4.large is not offered in us-gov-west-1; allowed families for redis 5.0.6 in us-gov-west-1: t3, t4g, m5, r4",
    ),
    ("app_cache.replicas", 0, "app_cache.multi_az needs a node to fail over to: replicas is 0, allowed: 1 to 5"),
    ("app_cache.replicas", 6, "app_cache.replicas: found 6, allowed: a whole number from 0 to 5"),
    (
        "app_cache.kms_key_arn",
        "arn:aws-us-gov:kms:us-gov-west-1:333333333333:key/mrk-0123456789abcdef0123456789abcdef",
        "app_cache.kms_key_arn is set, but GovCloud encrypts ElastiCache with its own key only",
    ),
    (
        "app_cache.snapshot_retention_days",
        0,
        "app_cache.snapshot_retention_days: found 0, allowed: a whole number from 1 to 35",
    ),
    ("sidekiq.alarms.memory_percent", 101, "sidekiq.alarms.memory_percent: found 101, allowed: a whole number from 1 to 100"),
    ("sidekiq.parameters.maxmemory-policy", "volatile-lru", "sidekiq.parameters.maxmemory-policy is 'volatile-lru', allowed: noeviction"),
    ("sidekiq.parameters.maxmemory-policy", None, "sidekiq.parameters.maxmemory-policy is missing, allowed: noeviction"),
    ("sidekiq.nodes", 2, "sidekiq.nodes: no such field; allowed: engine, engine_version, "),
    ("upgrade.target_version", "5.0.4", "upgrade.target_version: '5.0.4' cannot be asked for, allowed for redis: 4.0.10, 5.0.6"),
    ("legacy.engine_version", "6.2", "upgrade.target_version: redis 6.2 cannot become redis 5.0.6: ElastiCache never downgrades"),
    ("legacy.engine_version", "3.2.5", "legacy.engine_version: '3.2.5' is no version of ElastiCache, allowed: 3.2.4"),
    ("upgrade.parameters.repl-timeout", "60", "upgrade.parameters.repl-timeout does not exist in family redis5.0"),
    ("upgrade.schedule.expression", "rate(1 day)", "upgrade.schedule.expression: 'rate(1 day)' is no schedule, allowed: at("),
    ("upgrade.schedule.expression", "cron(0 1 * * SAT *)", "with ? for exactly one of day-of-month and day-of-week"),
    ("upgrade.schedule.expression", "at(2026-13-01T00:00:00)", "is no date and time, allowed: at(yyyy-mm-ddThh:mm:ss)"),
    ("upgrade.schedule.time_zone", "Mars/Olympus", "upgrade.schedule.time_zone: 'Mars/Olympus' is no time zone"),
    ("upgrade.not_after", "2026-12-06T06:00:00", "upgrade.not_after: found '2026-12-06T06:00:00', which has no time zone, allowed: a date"),
    ("upgrade.acknowledged", ["no-engine-rollback"], "upgrade.acknowledged_by is empty: write who acknowledged"),
    ("upgrade.acknowledged", ["whatever"], "upgrade.acknowledged.0: found 'whatever', allowed: no-engine-rollback, outage-for-the-"),
    ("upgrade.schedule.enabled", True, "upgrade.approved is missing, but schedule.enabled: allowed {plan: DIGEST, by: NAME}"),
    ("upgrade.approved", {"plan": "yes", "by": "Ada"}, "upgrade.approved.plan: found 'yes', allowed: the 16 hexadecimal digits that"),
    ("upgrade.approved", {"plan": "0" * 16}, "upgrade.approved.by: missing"),
    ("upgrade.settled_grace_seconds", 5, "upgrade.settled_grace_seconds: found 5, allowed: a whole number from 60 to 3,600"),
    ("upgrade.cold_after_seconds", -1, "upgrade.cold_after_seconds: found -1, allowed:"),
    ("upgrade.runbooks_url", "http://wiki/", "upgrade.runbooks_url: found 'http://wiki/', allowed: https://…, of ASCII"),
    ("upgrade.keep_snapshot_days", 0, "upgrade.keep_snapshot_days: found 0, allowed:"),
    (
        "upgrade.notify",
        ["nobody"],
        "upgrade.notify: 'nobody' cannot be notified, allowed: a mail address, https://…, or the ARN of an SNS topic",
    ),
    ("upgrade.notify", ["http://pager.example"], "upgrade.notify: 'http://pager.example' cannot be notified"),
    ("upgrade.notify", ["arn:aws-us-gov:sns:us-gov-west-1:1:x"], "cannot be notified"),
    (
        "upgrade.notify",
        ["arn:aws-us-gov:sns:us-gov-east-1:333333333333:pager"],
        "upgrade.notify arn:aws-us-gov:sns:us-gov-east-1:333333333333:pager: allowed: a topic of account 333333333333 in us-gov-west-1",
    ),
    ("upgrade.schedule", {"enabled": True}, "upgrade.schedule.expression is missing, but enabled: allowed at("),
    (
        "upgrade.longest_minutes",
        1440,
        "upgrade.longest_minutes is 1440 at observe_every_seconds 30: 2,880 looks of 9 history events and 3,560 for the rest make 29,480, "
        "Step Functions keeps 25,000; allowed: at most 1191 minutes, or a look every 37 s",
    ),
    ("upgrade.observe_every_seconds", 5, "allowed: at most 198 minutes, or a look every 7 s"),
    ("upgrade.notify", ["a@b.gov", "https://c.gov", "a@b.gov"], "upgrade.notify has 'a@b.gov' twice, allowed: each once"),
    (
        "upgrade.notify",
        [f"arn:aws-us-gov:sns:us-gov-west-1:333333333333:pager-{number}" for number in range(5)],
        "upgrade.notify has 5 topics, allowed: 4 (an alarm has five actions, one our own topic)",
    ),
    (
        "upgrade.recovery",
        {"node_type": "cache.m3.large"},
        "upgrade.recovery.node_type: cache.m3.large is none of the node types that new groups get: ElastiCache still has m3",
    ),
    (
        "legacy.alarms_to_mute",
        [f"vets-api-legacy-node-001-alarm-{number:03}" for number in range(60)],
        "legacy.alarms_to_mute takes 2,340 bytes, other texts ",
    ),
    ("legacy.kind", "cluster", "legacy.kind: found 'cluster', allowed: replication-group or standalone-cluster"),
    ("legacy.id", "Vets--API", "legacy.id: found 'Vets--API', allowed: small letters and digits with single hyphens"),
    ("legacy.managed_by", None, "legacy.managed_by: missing"),
    (
        "legacy.auth_secret_arn",
        "arn:aws-us-gov:secretsmanager:us-gov-west-1:333333333333:secret:token-AbCdEf",
        "legacy.auth_secret_arn needs transit_encryption: true",
    ),
    ("network.vpc_id", "vpc-x", "network.vpc_id: found 'vpc-x', allowed: vpc- and 8 or 17 hexadecimal digits"),
    ("network.subnet_ids", ["subnet-0c0000000000000a1"], "app_cache.multi_az needs subnets in two zones, found one"),
    ("network.client_security_group_ids", {}, "network.client_security_group_ids is empty, allowed: at least one name: sg-id"),
    ("network.endpoint_security_group_id", None, "network.endpoint_security_group_id is missing: name the security group"),
    ("network.create_vpc_endpoints", True, "network.route_table_ids is empty, but create_vpc_endpoints needs the route tables"),
    ("account", "12345", "account: found '12345', allowed: 12 digits"),
    ("region", "gov-west", "region: found 'gov-west', which is no region of AWS, allowed:"),
    ("role_path", "project", "role_path: found 'project', allowed:"),
    ("permissions_boundary_arn", "boundary", "permissions_boundary_arn: found 'boundary', allowed:"),
    ("pipeline.operators", ["*"], "pipeline.operators: '*' is nobody, allowed: the ARN of a role or a user, such as arn:PARTITION:iam::"),
    ("pipeline.operators", [f"{_IAM}:root"], "pipeline.operators: 'arn:aws-us-gov:iam::333333333333:root' is nobody, allowed:"),
    ("pipeline.operators", ["arn:aws-us-gov:iam::*:role/on-call"], "pipeline.operators: 'arn:aws-us-gov:iam::*:role/on-call' is nobody"),
    ("pipeline.operators", ["arn:aws-us-gov:sts::333333333333:assumed-role/on-call/ada"], "assumed-role/on-call/ada' is nobody, allowed:"),
    (
        "pipeline.operators",
        ["arn:aws:iam::333333333333:role/on-call"],
        "pipeline.operators arn:aws:iam::333333333333:role/on-call: allowed: partition aws-us-gov, which us-gov-west-1 is in",
    ),
    (
        "pipeline.operators",
        [f"{_IAM}:role/on-call-{number:03}" for number in range(30)],
        "pipeline.operators: 30 of them make a trust policy of 2,140 characters, allowed: 2,048; name a permission set for all of them",
    ),
    ("pipeline.operators", [f"{_IAM}:user/on-*"], "has a * in a user's name, allowed: a * in a role's name"),
    *(
        ("pipeline.operators", [f"{_IAM}:role/{pattern}"], f"role/{pattern}' would let nearly any role in, allowed: a * after at least 3")
        for pattern in (
            "*",
            "on*",
            "team/*",
            "*on-call*",
            "aws-reserved/*",
            "aws-reserved*",
            "*/us-gov-west*",
            "*/sso.amazonaws.com*",
            "aws-reserved/sso.amazonaws.com/*/AWSReserved*",
            "aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_*",
        )
    ),
    (
        "permissions_boundary_arn",
        "arn:aws-us-gov:iam::444444444444:policy/theirs",
        "permissions_boundary_arn is arn:aws-us-gov:iam::444444444444:policy/theirs, allowed: a policy of account 333333333333",
    ),
    (
        "permissions_boundary_arn",
        "arn:aws:iam::333333333333:policy/ours",
        "allowed: a policy of account 333333333333 in partition aws-us-gov",
    ),
    ("app_cache", None, "app_cache is missing, but stacks is both; allowed without it: stacks: upgrade"),
    ("stacks", "all", "stacks: found 'all', allowed: both, upgrade or groups"),
    (
        "network.vpc_id",
        "vpc-0123456789abcdef",
        "network.vpc_id: found 'vpc-0123456789abcdef', allowed: vpc- and 8 or 17 hexadecimal digits in small letters",
    ),
    ("network.dns_zone", {"id": "zone", "name": "redis.internal"}, "network.dns_zone.id: found 'zone', allowed: Z and"),
    ("network.dns_zone", {"id": "Z1", "name": "redis.7"}, "network.dns_zone.name: found 'redis.7', allowed:"),
    ("tags", {"aws:owner": "us"}, "tags has 'aws:owner', allowed: keys that do not begin with aws:"),
    ("tags", {"Owner": "us & them"}, "tags.Owner: found 'us & them', allowed:"),
    (
        "tags",
        {f"Key{number}": "x" for number in range(41)},
        "tags has 41 entries, allowed: 40 (a resource takes 50, of which CDK and CloudFormation set some)",
    ),
    ("required_tags", ["Owner"], "tags.Owner is missing, but required_tags names it; allowed: a value of 1 to 256 characters"),
    ("tags", {f"Key{number}": "x" * 256 for number in range(8)}, "tags takes 2,160 bytes, other texts "),
    ("legacy.parameter_group", "Legacy Group", "legacy.parameter_group: found 'Legacy Group', allowed:"),
    (
        "pipeline.bootstrap_qualifier",
        "uplift-prod",
        "pipeline.bootstrap_qualifier: found 'uplift-prod', allowed: 2 to 10 small letters and digits, beginning with a letter",
    ),
    (
        "sidekiq.alarms.fewest_connections",
        4,
        "sidekiq.alarms.fewest_connections: found 4, allowed: a whole number from 5 to 65,000",
    ),
    ("pipeline.bootstrap_qualifier", "hnb659fds", "pipeline.bootstrap_qualifier is hnb659fds, which all other CDK applications share"),
    ("sidekiq.alarms.fewest_connections", 20_000, "sidekiq.alarms.fewest_connections is 20000, allowed: less than connections, 20000"),
    ("log_retention_days", 7, "log_retention_days: found 7, allowed: 30, 90, 180, 365, 731 or 1827"),
]


@pytest.mark.parametrize(("field", "value", "message"), REFUSALS, ids=[f"{field}={value}" for field, value, _ in REFUSALS])
def test_refused(load_changed: Load, field: str, value: Any, message: str) -> None:
    with pytest.raises(BadInput) as problem:
        load_changed(field, value)
    text = str(problem.value)
    assert message in text
    assert "prod.yaml: " in text
    assert "\n" not in text


@pytest.mark.parametrize("environment", ["rehearsal", "dev", "staging", "prod"])
def test_the_environments_of_this_repository_are_valid(environment: str) -> None:
    assert load_settings(environment).upgrade.target_version == "5.0.6"


@pytest.mark.parametrize(
    "operator",
    [
        f"{_IAM}:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_UpliftOperator_*",
        f"{_IAM}:role/aws-reserved/sso.amazonaws.com/us-gov-west-1/AWSReservedSSO_Op_0123456789abcdef",
        f"{_IAM}:role/on-call*",
        f"{_IAM}:user/break-glass",
        "arn:aws-us-gov:iam::444444444444:role/team/on-call",
    ],
)
def test_people_who_may_operate_are_roles_and_users(load_changed: Load, operator: str) -> None:
    pipeline = load_changed("pipeline.operators", [operator]).pipeline
    assert pipeline is not None
    assert pipeline.operators == (operator,)


def test_there_is_a_file_for_each_environment() -> None:
    assert {"rehearsal", "dev", "staging", "prod"} <= set(environment_names())


def test_an_unknown_environment_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="environment is 'qa', allowed: dev, prod, rehearsal, staging"):
        load_settings("qa")
    with pytest.raises(BadInput, match=r"\.\./etc"):
        load_settings("../etc", tmp_path)


@pytest.mark.parametrize(
    ("content", "message"), [(b"a: [", "no YAML"), (b"\xff\xfe", "not UTF-8 text"), (b"- 1", "(whole file)"), (b"", "(whole file)")]
)
def test_files_that_are_no_settings(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "prod.yaml").write_bytes(content)
    with pytest.raises(BadInput) as problem:
        load_settings("prod", tmp_path)
    assert message in str(problem.value)
    assert "\n" not in str(problem.value)


def test_settings_cannot_be_changed_afterwards() -> None:
    settings = load_settings("prod")
    with pytest.raises(ValueError, match="frozen"):
        settings.account = "1"  # type: ignore[misc]
