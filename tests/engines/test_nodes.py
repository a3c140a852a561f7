"""Which node types there are, and what followed them."""

import pytest

from uplift.engines.nodes import newer_family_of


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
