"""Which families of node types each region offers.

Source: AWS's price list as cfn-lint ships it (`cachenodetype_enum.json` of 2026-10), which a test holds this table against. A region that
offers a family offers all its sizes. The list lacks the regions of the isolated partitions and of the European Sovereign Cloud: nothing is
said of those.
"""

from __future__ import annotations

from collections.abc import Mapping

_NEWEST = frozenset({"c8gn", "m6g", "m7g", "m8g", "r6g", "r7g", "r8g", "t4g"})
_USUAL = _NEWEST | {"m5", "r5", "t3"}
_OLDER = _USUAL | {"m4", "r4", "t2"}
_GRAVITON_2_AND_3 = frozenset({"m6g", "m7g", "r6g", "r7g"})

_OFFERED: Mapping[frozenset[str], tuple[str, ...]] = {
    _OLDER | {"c7gn", "r6gd"}: ("eu-west-1", "us-east-1", "us-east-2", "us-west-2"),
    _OLDER | {"r6gd"}: (
        *("ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
        *("ca-central-1", "eu-central-1", "sa-east-1", "us-west-1"),
    ),
    _OLDER: ("ap-northeast-2", "eu-west-2"),
    _OLDER - {"m5"}: ("cn-north-1", "cn-northwest-1"),
    _OLDER - {"m4"}: ("us-gov-east-1", "us-gov-west-1"),
    _OLDER - {"c8gn", "m4"}: ("ap-northeast-3",),
    _OLDER - {"c8gn", "m4"} | {"r6gd"}: ("eu-west-3",),
    _USUAL | {"r6gd"}: ("eu-north-1",),
    _USUAL: ("af-south-1", "ap-east-1", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "eu-central-2", "eu-south-2"),
    _USUAL - {"m7g"}: ("ca-west-1", "eu-south-1"),
    _NEWEST | {"t3"}: ("ap-southeast-5", "ap-southeast-7"),
    _GRAVITON_2_AND_3 | {"r8g", "t3", "t4g"}: ("mx-central-1",),
    _GRAVITON_2_AND_3 | {"r8g", "t4g"}: ("ap-southeast-6",),
    _GRAVITON_2_AND_3 | {"m5", "r5", "t3", "t4g"}: ("il-central-1",),
    _GRAVITON_2_AND_3 | {"m5", "r5", "t3"}: ("me-central-1", "me-south-1"),
    _GRAVITON_2_AND_3 | {"t3", "t4g"}: ("ap-east-2",),
}
FAMILIES_OF: Mapping[str, frozenset[str]] = {region: families for families, regions in _OFFERED.items() for region in regions}


def is_offered(family: str, region: str) -> bool:
    """Whether new nodes of a family can be had in a region; True where no list says."""
    return family in FAMILIES_OF.get(region, {family})
