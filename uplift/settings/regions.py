"""The regions of AWS, by the partition that begins their ARNs.

Source: AWS General Reference, "ElastiCache endpoints and quotas" and "Amazon Resource Names"; a test holds the table against botocore's
endpoints and cfn-lint's regions. A region is added here when AWS opens it.
"""

from __future__ import annotations

from collections.abc import Mapping

from uplift.settings.values import did_you_mean, listed

REGIONS: Mapping[str, tuple[str, ...]] = {
    "aws": (
        *("af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2"),
        *("ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7"),
        *("ca-central-1", "ca-west-1", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2"),
        *("eu-west-1", "eu-west-2", "eu-west-3", "il-central-1", "me-central-1", "me-south-1", "mx-central-1", "sa-east-1"),
        *("us-east-1", "us-east-2", "us-west-1", "us-west-2"),
    ),
    "aws-us-gov": ("us-gov-east-1", "us-gov-west-1"),
    "aws-cn": ("cn-north-1", "cn-northwest-1"),
    "aws-iso": ("us-iso-east-1", "us-iso-west-1"),
    "aws-iso-b": ("us-isob-east-1", "us-isob-west-1"),
    "aws-iso-e": ("eu-isoe-west-1",),
    "aws-iso-f": ("us-isof-east-1", "us-isof-south-1"),
    "aws-eusc": ("eusc-de-east-1",),
}
_NAMES = tuple(region for regions in REGIONS.values() for region in regions)
# A partition's regions begin alike: us-gov-east-1 with us-gov.
_PARTITION_OF = {region.rsplit("-", 2)[0]: partition for partition, regions in REGIONS.items() for region in regions}


def partition_of(region: str) -> str:
    """The partition of a region by how it begins, also of one that AWS opens later; `aws` for any other text."""
    return _PARTITION_OF.get(region.rsplit("-", 2)[0], "aws")


def region_that_exists(region: str) -> str:
    """Return `region`. Raises ValueError with those that come near."""
    if region in _NAMES:
        return region
    place = region.rpartition("-")[0]
    beside = _beginning(place) or _beginning(place.rpartition("-")[0])
    allowed = listed(beside) if beside else f"a region in which ElastiCache is, such as us-gov-west-1{did_you_mean(region, _NAMES)}"
    raise ValueError(f"found {region!r}, which is no region of AWS, allowed: {allowed}")


def _beginning(place: str) -> tuple[str, ...]:
    return tuple(region for region in _NAMES if place and region.startswith(f"{place}-"))
