"""Node types of the groups, and of a group that a recovery would make: whether there are such, for this engine, in this region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from uplift.engines.catalogue import EngineVersion
from uplift.engines.nodes import node_type_exists, usable_families, why_not_creatable


def node_type_problems(region: str, wanted: Mapping[str, tuple[str, EngineVersion]]) -> Iterator[str]:
    """By the section that names it: the type, and the version it is to run."""
    for section, (node_type, version) in wanted.items():
        why = why_not_creatable(node_type, version.number, region=region)
        if why:
            found = f", found {version.requested}" if node_type_exists(node_type) and " needs " in why else ""
            families = ", ".join(usable_families(version.number, region=region))
            yield f"{section}.node_type: {why}{found}; allowed families for {version} in {region}: {families}"
