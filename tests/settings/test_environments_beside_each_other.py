"""Environments of one account: their rights go by how names begin."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from uplift.errors import BadInput
from uplift.settings.load import load_settings
from uplift.settings.pipeline_names import PipelineNames


def _write(folder: Path, name: str, account: str) -> None:
    content = yaml.safe_load(Path("config/dev.yaml").read_text()) | {"account": account}
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(content))


@pytest.mark.parametrize("environment", ["dev", "dev-two"])
def test_names_that_begin_alike_are_refused_in_one_account(tmp_path: Path, environment: str) -> None:
    _write(tmp_path, "dev", "123456789012")
    _write(tmp_path, "dev-two", "123456789012")
    with pytest.raises(BadInput, match=r"account 123456789012 holds dev(-two)? and dev(-two)?, whose stacks' names begin alike"):
        load_settings(environment, tmp_path)
    _write(tmp_path, "dev-two", "210987654321")
    assert load_settings(environment, tmp_path)


@pytest.mark.parametrize("name", ["PROD", "my_env", "prod.us", "2prod", "prod-", "prod--us", "é", "staging-us-gov-east", ""])
def test_a_name_that_no_stack_or_right_can_have_is_refused(tmp_path: Path, name: str) -> None:
    _write(tmp_path, name, "123456789012")
    with pytest.raises(BadInput, match="allowed: small letters and digits with hyphens between, 14 at most"):
        load_settings(name, tmp_path)


def test_bootstraps_of_environments_that_begin_alike_are_told_apart() -> None:
    settings = load_settings("prod")
    names = ["prod", "production", "prod-east", "prod-east-two", "prod-east-three", "a-very-long-name-of-an-environment"]
    qualifiers = [PipelineNames(name, settings).qualifier for name in names]
    assert qualifiers[0] == "upprod"
    assert len(set(qualifiers)) == len(names)
    assert all(2 < len(qualifier) <= 10 and qualifier.isalnum() and qualifier.islower() for qualifier in qualifiers)


@pytest.mark.parametrize(("named", "theirs"), [(None, None), ("own", None), ("arn:aws-us-gov:iam::333333333333:policy/theirs",) * 2])
def test_our_own_boundary_written_down_is_not_the_organisations(named: str | None, theirs: str | None) -> None:
    """Ours keeps STS from a role: on the deploy role it would stop every deploy."""
    prod = load_settings("prod")
    own = PipelineNames("prod", prod).policy_arn("UpliftProd-boundary")
    names = PipelineNames("prod", prod.model_copy(update={"permissions_boundary_arn": own if named == "own" else named}))
    assert names.organisation_boundary_arn == theirs
    assert names.boundary_arn == (theirs or own)
