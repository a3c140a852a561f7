"""The table of regions, held against botocore's endpoints and cfn-lint's regions."""

from __future__ import annotations

import botocore.session
import pytest
from cfnlint.helpers import REGIONS as LINTED

from tests.settings.whole import whole_content
from uplift.settings.environment import EnvironmentSettings
from uplift.settings.regions import REGIONS, partition_of, region_that_exists


def test_regions_are_those_of_botocore_and_cfn_lint() -> None:
    session = botocore.session.get_session()
    known = {name: set(session.get_available_regions("elasticache", name)) for name in session.get_available_partitions()}
    assert {partition: set(regions) for partition, regions in REGIONS.items()} == {name: found for name, found in known.items() if found}
    assert {region for regions in REGIONS.values() for region in regions} == set(LINTED)


@pytest.mark.parametrize(("region", "partition"), [(region, partition) for partition, regions in REGIONS.items() for region in regions])
def test_every_region_is_taken(region: str, partition: str) -> None:
    assert partition_of(region_that_exists(region)) == partition


def test_a_partition_follows_from_the_region() -> None:
    for region, partition in (
        ("us-gov-east-1", "aws-us-gov"),
        ("cn-north-1", "aws-cn"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eu-west-1", "aws"),
    ):
        settings = EnvironmentSettings.model_validate(whole_content()).model_copy(update={"region": region})
        assert (settings.partition, settings.in_govcloud) == (partition, partition == "aws-us-gov")
