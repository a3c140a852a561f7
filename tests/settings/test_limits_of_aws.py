"""What a deployment, or the first run at night, would die of is refused when settings are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from uplift.errors import BadInput
from uplift.settings.environment import EnvironmentSettings

Load = Callable[[str, Any], EnvironmentSettings]
_IAM = "arn:aws-us-gov:iam::333333333333"
_SUBNETS = [f"subnet-{number:08x}" for number in range(17)]
_LONGEST_LABEL = "a" * 63


def _clients(count: int) -> dict[str, str]:
    return {f"c{number}": f"sg-{number:08x}" for number in range(count)}


_REFUSED: list[tuple[str, Any, str]] = [
    *(
        (
            "legacy.alarms_to_mute",
            [name],
            f"legacy.alarms_to_mute has {name!r}, whose {sign} means other alarms, too, in IAM; allowed: names",
        )
        for name, sign in (("memory-*", "*"), ("memory?", "?"), ("${aws:username}", "${"))
    ),
    ("legacy.alarms_to_mute", ["память"], "and no IAM policy holds '\\u043f'; allowed: characters up to U+00FF"),
    (
        "legacy.alarms_to_mute",
        [f"alarm-{number:03}" for number in range(80)],
        "legacy.alarms_to_mute: the ARNs of 80 names take 5,680 characters of an IAM policy, allowed: 5,000; name fewer alarms",
    ),
    *(("role_path", f"/pro{sign}ject/", "allowed: /, or a path that begins and ends with a slash") for sign in '*$!"<:%?{#'),
    ("role_path", f"/{'a' * 99}/", "of 101 characters, allowed: 100 at most"),
    *(
        (
            "permissions_boundary_arn",
            f"{_IAM}:policy/pro{sign}ject/ours",
            "allowed: the ARN of an IAM policy, its path of letters, digits and _ + = ,",
        )
        for sign in '*$!"<:%?{#'
    ),
    ("permissions_boundary_arn", f"{_IAM}:policy/{'a' * 511}/p", "allowed: the ARN of an IAM policy"),
    (
        "permissions_boundary_arn",
        "arn:aws-us-gov:iam::aws:policy/PowerUserAccess",
        "permissions_boundary_arn is arn:aws-us-gov:iam::aws:policy/PowerUserAccess, allowed: a policy of account 333333333333 in partition",
    ),
    ("legacy.id", "a" * 41, f"legacy.id is {'a' * 41!r} of 41 characters, allowed: 40 at most for a replication group"),
    ("legacy.id", "a" * 51, "of 51 characters, allowed: 50 at most"),
    (
        "network.subnet_ids",
        _SUBNETS,
        "network.subnet_ids has 17 entries, allowed: 1 to 16, the most of a Lambda function",
    ),
    ("upgrade.runbooks_url", f"https://example.gov/{'a' * 781}", "of 801 characters, allowed: 800 at most"),
    ("upgrade.parameters.cluster-enabled", "yes", "upgrade.parameters.cluster-enabled is 'yes', allowed: no"),
    ("legacy.transit_encryption", True, "legacy.transit_encryption is true, but redis 3.2.4 has no TLS; allowed: false"),
    *(
        ("legacy.parameter_group", f"default.{family}", f"legacy.parameter_group is default.{family}, which redis 3.2.4 cannot use")
        for family in ("redis5.0", "redis3.2.cluster.on", "redis9.9", "memcached1.6")
    ),
    *(
        ("network.dns_zone", {"id": "Z1", "name": name}, f"network.dns_zone.name: found {name!r}, allowed: a domain")
        for name in (f"{_LONGEST_LABEL}a.internal", "redis.123", "redis..internal", "-a.internal", "a-.internal", "Redis.internal")
    ),
    ("upgrade.schedule.expression", f"cron({'0,' * 130}0 1 ? * SAT *)", "of 279 characters, allowed: 256 at most"),
    ("upgrade.notify", [f"a{number}@example.gov" for number in range(51)], "upgrade.notify has 51 entries, allowed: 0 to 50"),
    ("network.client_security_group_ids", _clients(51), "network.client_security_group_ids has 51 entries, allowed: 1 to 50"),
    ("pipeline.operators", [f"{_IAM}:role/{'a' * 65}"], "has a name of more characters than IAM takes, allowed: 64"),
    *(
        ("pipeline.repository", f"{owner}/uplift", "allowed: OWNER/NAME, as GitHub writes them")
        for owner in ("a" * 40, "-ada", "ada-", "a.b")
    ),
    *(
        ("upgrade.notify", [address], "is too long for a mail address, allowed: 64 characters before the @, and 254 in all")
        for address in (f"{'a' * 65}@example.gov", f"a@{'.'.join([_LONGEST_LABEL] * 4)}.gov")
    ),
    ("upgrade.notify", ["on-call@example.123"], "upgrade.notify: 'on-call@example.123' ends in digits, as no domain does, allowed: a mail"),
    ("upgrade.notify", ["https://a.gov:0/x"], "upgrade.notify: 'https://a.gov:0/x' has port 0, allowed: 1 to 65535"),
    ("upgrade.notify", ["https://a.gov:65536"], "has port 65536, allowed: 1 to 65535"),
]
_TAKEN: list[tuple[str, Any]] = [
    ("legacy.alarms_to_mute", ['büro "1" $ {x}']),
    ("legacy.alarms_to_mute", [f"alarm-{number:03}" for number in range(70)]),
    ("role_path", "/a.b,c+d@e=f_g-h/1/"),
    ("role_path", f"/{'a' * 98}/"),
    ("permissions_boundary_arn", f"{_IAM}:policy/a.b,c+d@e=f_g-h/ours"),
    ("permissions_boundary_arn", f"{_IAM}:policy/{'a' * 510}/p"),
    ("network.subnet_ids", _SUBNETS[:16]),
    ("upgrade.runbooks_url", f"https://example.gov/{'a' * 780}"),
    ("upgrade.parameters.cluster-enabled", "no"),
    ("legacy.parameter_group", "default.redis3.2"),
    *(
        ("network.dns_zone", {"id": "Z1", "name": name})
        for name in (f"{_LONGEST_LABEL}.internal", "internal", "redis.xn--p1ai", "7.internal")
    ),
    ("upgrade.notify", [f"a{number}@example.gov" for number in range(50)]),
    ("upgrade.notify", [f"{'a' * 64}@example.gov", "a@b.c3", "https://a.gov:1", "https://a.gov:65535/x"]),
    ("network.client_security_group_ids", _clients(50)),
    ("pipeline.operators", [f"{_IAM}:role/{'a' * 64}"]),
    ("pipeline.repository", f"{'a' * 39}/.github"),
    ("pipeline.repository", "ada-lovelace_corp/up.lift"),
]


@pytest.mark.parametrize(("field", "value", "message"), _REFUSED)
def test_what_aws_refuses_is_refused_here(load_changed: Load, field: str, value: Any, message: str) -> None:
    with pytest.raises(BadInput) as problem:
        load_changed(field, value)
    assert message in str(problem.value)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(("field", "value"), _TAKEN)
def test_what_aws_takes_is_taken_here(load_changed: Load, field: str, value: Any) -> None:
    assert load_changed(field, value)


@pytest.mark.parametrize("version", ["3.2.6", "4.0.10", "5.0.0", "5.0.6"])
def test_versions_with_tls(load_changed_all: Callable[[dict[str, Any]], EnvironmentSettings], version: str) -> None:
    changes = {"legacy.engine_version": version, "legacy.transit_encryption": True, "legacy.parameter_group": "theirs"}
    assert load_changed_all(changes).legacy.transit_encryption


def test_a_cluster_may_have_a_longer_name(load_changed_all: Callable[[dict[str, Any]], EnvironmentSettings]) -> None:
    assert load_changed_all({"legacy.kind": "standalone-cluster", "legacy.id": "a" * 50})


def test_a_subnet_group_alone_takes_more_subnets(load_changed_all: Callable[[dict[str, Any]], EnvironmentSettings]) -> None:
    assert load_changed_all({"stacks": "groups", "network.subnet_ids": _SUBNETS})


def test_what_only_functions_need_is_not_asked_of_groups_alone(
    load_changed_all: Callable[[dict[str, Any]], EnvironmentSettings],
) -> None:
    assert load_changed_all({"stacks": "groups", "network.endpoint_security_group_id": None, "network.s3_prefix_list_id": None})
