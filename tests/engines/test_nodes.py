"""Which node types there are, and what followed them."""

import json
from pathlib import Path

import cfnlint
import pytest

from uplift.engines.node_regions import FAMILIES_OF
from uplift.engines.nodes import FAMILIES, newer_family_of, node_type_exists, usable_families, why_not_creatable


@pytest.mark.parametrize(
    ("node_type", "version", "newer"),
    [
        ("cache.r5.xlarge", (5, 0, 6), "cache.r6g.xlarge"),
        ("cache.m5.large", (7, 1), "cache.m6g.large"),
        ("cache.t3.medium", (5, 0, 6), "cache.t4g.medium"),
        ("cache.r5.large", (4, 0, 10), ""),  # r6g begins with 5.0.6
        ("cache.r5.24xlarge", (5, 0, 6), ""),  # r6g ends at 16xlarge
        ("cache.r6g.large", (5, 0, 6), ""),
        ("nonsense", (5, 0, 6), ""),
    ],
)
def test_the_family_that_followed(node_type: str, version: tuple[int, ...], newer: str) -> None:
    assert newer_family_of(node_type, version, in_govcloud=True) == newer


def _price_list() -> dict[str, list[str]]:
    """By region, what AWS's price list had in 2026-10, as cfn-lint ships it."""
    path = Path(cfnlint.__file__).parent / "data/schemas/extensions/aws_elasticache_cachecluster/cachenodetype_enum.json"
    return {region: found["enum"] for region, found in json.loads(path.read_text()).items() if isinstance(found, dict)}


def test_families_and_sizes_are_those_of_the_price_list() -> None:
    listed = _price_list()
    assert {region: {one.split(".")[1] for one in types} for region, types in listed.items()} == FAMILIES_OF
    assert {"us-gov-west-1", "us-gov-east-1", "us-east-1"} <= listed.keys()
    ours = {family.name: {f"cache.{family.name}.{size}" for size in family.sizes} for family in FAMILIES.values()}
    for region, types in listed.items():
        for node_type in types:
            assert node_type_exists(node_type)
        for name in {family for family in FAMILIES_OF[region] if family in ours}:
            assert {one for one in types if one.split(".")[1] == name} == ours[name]
    assert {name for families in FAMILIES_OF.values() for name in families} - {"t2"} == set(FAMILIES)


@pytest.mark.parametrize("region", [*_price_list()])
def test_what_is_proposed_is_offered_there(region: str) -> None:
    for version in ((4, 0, 10), (5, 0, 6), (7, 1), (8, 1)):
        proposed = usable_families(version, region=region)
        assert proposed or version < (5, 0, 6)
        assert all(f".{name}." in " ".join(_price_list()[region]) for name in proposed)
        for name in proposed:
            assert why_not_creatable(f"cache.{name}.{FAMILIES[name].sizes[0]}", version, region=region) == ""


def test_govcloud_is_where_nobody_named_a_region() -> None:
    assert usable_families((5, 0, 6)) == ("t3", "t4g", "m5", "r4", "r5", "m6g", "r6g")
    assert "m4" in usable_families((5, 0, 6), region="us-east-1")


@pytest.mark.parametrize(
    ("node_type", "version", "region", "why"),
    [
        (
            "cache.r5.3xlarge",
            (5, 0, 6),
            None,
            "cache.r5.3xlarge is none of the node types that new groups get: r5 has large, xlarge, 2xlarge, 4x",
        ),
        ("cache.r5.metal", (5, 0, 6), None, "r5 has large"),
        ("cache.r99.large", (5, 0, 6), None, "ElastiCache has no such type, did you mean cache."),
        ("db.r5.large", (5, 0, 6), None, "ElastiCache has no such type, did you mean cache.r5.large?"),
        ("x", (5, 0, 6), None, "x is none of the node types that new groups get: ElastiCache has no such type"),
        ("cache.t1.micro", (5, 0, 6), None, "ElastiCache still has t1, and makes no new nodes of it"),
        ("cache.r3.8xlarge", (5, 0, 6), None, "ElastiCache still has r3"),
        ("cache.m7g.large", (5, 0, 6), None, "cache.m7g.large needs Redis 6.2 or newer"),
        ("cache.m8g.large", (7, 1), None, "cache.m8g.large needs Valkey 7.2 or newer"),
        ("cache.m8g.large", (7, 2), "us-gov-west-1", ""),
        ("cache.c7gn.large", (7, 1), "us-gov-west-1", "cache.c7gn.large is not offered in us-gov-west-1"),
        ("cache.r6gd.xlarge", (7, 1), "us-east-1", "data tiering"),
        ("cache.m4.large", (5, 0, 6), "us-gov-east-1", "cache.m4.large is not offered in us-gov-east-1"),
        ("cache.m4.large", (5, 0, 6), "us-iso-east-1", ""),  # no list says
        ("cache.r5.\u0662xlarge", (5, 0, 6), None, "no such type"),
        ("cache.r5.large\n", (5, 0, 6), None, "no such type"),
    ],
)
def test_why_new_groups_cannot_have_them(node_type: str, version: tuple[int, ...], region: str | None, why: str) -> None:
    found = why_not_creatable(node_type, version, region=region)
    assert why in found
    assert bool(found) is bool(why)
