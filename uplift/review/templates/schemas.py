"""Which property of a type makes CloudFormation replace it and which one is its name, from the registry schemas that cfn-lint ships.

The files are read themselves: importing cfn-lint's own reader takes longer than a whole review (bench/review.py), and only
a few lists of a schema are wanted. A test holds this reader against cfn-lint's for every type of our templates.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from uplift.errors import BadInput

# The region with the most types, for a region that nothing says or that has no schemas here.
_ELSE = "us-east-1"


@dataclass(frozen=True, slots=True)
class TypeSchema:
    """What one type's properties do on update. `unordered`: lists whose order says nothing.

    `is_known` is false for a type the registry schemas do not have.
    """

    create_only: frozenset[str] = frozenset()
    conditional_create_only: frozenset[str] = frozenset()
    unordered: frozenset[str] = frozenset()
    read_only: frozenset[str] = frozenset()
    identified_by: tuple[str, ...] = ()
    is_known: bool = True


@cache
def type_schema(resource_type: str, region: str = "") -> TypeSchema:
    """The schema of a type such as `AWS::ElastiCache::ReplicationGroup` in a region. Raises BadInput where cfn-lint is not installed."""
    folder = schema_folder()
    # A type that this region lacks is refused; what else it would do is as elsewhere.
    digest = _index(folder, schema_region(region)).get(resource_type) or _index(folder, _ELSE).get(resource_type)
    if digest is None:
        return TypeSchema(is_known=False)
    document = json.loads((folder / "resources" / f"{digest}.json").read_text(encoding="utf-8"))
    return TypeSchema(
        _first_names(document, "createOnlyProperties"),
        _first_names(document, "conditionalCreateOnlyProperties"),
        frozenset(name for name, one in document["properties"].items() if one.get("insertionOrder") is False),
        _first_names(document, "readOnlyProperties"),
        tuple(pointer.split("/")[2] for pointer in document.get("primaryIdentifier", [])),
    )


@cache
def schema_region(region: str) -> str:
    """The region itself where there are schemas of it, us-east-1 for any other."""
    return region if region and (schema_folder() / "providers" / f"{region}.json").is_file() else _ELSE


@cache
def node_types(region: str) -> frozenset[str]:
    """ElastiCache's node types of a region; those of all regions for one that nothing says or that is not listed."""
    file = schema_folder() / "extensions" / "aws_elasticache_cachecluster" / "cachenodetype_enum.json"
    listed: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    known = {name: frozenset(one["enum"]) for name, one in listed.items() if "enum" in one}
    return known[region] if region in known else frozenset().union(*known.values())


def schema_folder() -> Path:
    """Where cfn-lint keeps the registry schemas. Raises BadInput where it is not installed."""
    found = find_spec("cfnlint")
    folder = Path(found.origin).parent / "data" / "schemas" if found is not None and found.origin else None
    if folder is None or not (folder / "providers").is_dir():
        raise BadInput("the registry schemas are missing, expected: those of the package cfn-lint: pip install 'uplift[aws]'")
    return folder


@cache
def _index(folder: Path, region: str) -> dict[str, str]:
    index: dict[str, str] = json.loads((folder / "providers" / f"{region}.json").read_text(encoding="utf-8"))
    return index


def _first_names(document: dict[str, Any], field: str) -> frozenset[str]:
    """Pointers such as `/properties/Endpoint/Port`, by the top-level property they lie in."""
    return frozenset(pointer.split("/")[2] for pointer in document.get(field, []))
