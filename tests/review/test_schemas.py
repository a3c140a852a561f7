"""The schema reader against cfn-lint's own, for every type that our templates use."""

from __future__ import annotations

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from tests.review.edits import Templates
from tools import bundle
from uplift.review.templates import revisions
from uplift.review.templates.schemas import type_schema


def _names(pointers: list[str]) -> frozenset[str]:
    return frozenset(pointer.split("/")[2] for pointer in pointers)


def test_it_reads_what_cfn_lint_reads(templates: Templates) -> None:
    types = {one["Type"] for template in templates.values() for one in template["Resources"].values()} - {"AWS::CDK::Metadata"}
    assert len(types) > 20
    for resource_type in types:
        theirs = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource_type).schema
        ours = type_schema(resource_type)
        assert ours.is_known
        assert ours.create_only == _names(theirs.get("createOnlyProperties", [])), resource_type
        assert ours.conditional_create_only == _names(theirs.get("conditionalCreateOnlyProperties", [])), resource_type


def test_a_type_that_is_not_there_is_known_to_be_unknown() -> None:
    assert not type_schema("Custom::Thing").is_known


def test_what_stands_for_the_bundle_is_what_the_bundle_is_made_of() -> None:
    assert {f"uplift/{name}" for name in bundle._OUR_CODE} <= set(revisions._BUNDLED)
