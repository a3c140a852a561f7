"""Reads config/NAME.yaml into EnvironmentSettings. Bad input is one line: file, every field that is wrong, what is allowed there.

What is read here never depends on the clock, so a synthesis is repeatable; dates that have passed are in past_dates.py.
"""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import ValidationError

from uplift.errors import BadInput
from uplift.settings.environment import EnvironmentSettings, environment_prefix
from uplift.settings.missing import missing_for_the_stacks
from uplift.settings.mistakes import mistakes_in_words
from uplift.strict_yaml import read_yaml

# Names that CloudFormation generates hold the beginning of the stack's only, and rights go by it; GitHub and make know no other signs.
_LONGEST_NAME = 14
_NAME = re.compile(rf"(?=.{{1,{_LONGEST_NAME}}}$)[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
CONFIG_DIRECTORY = Path("config")
_NOT_ENVIRONMENTS = {"acknowledged", "keyspace"}


def environment_names(directory: Path = CONFIG_DIRECTORY) -> tuple[str, ...]:
    """The environments that have a file."""
    return tuple(sorted(path.stem for path in directory.glob("*.yaml") if path.stem not in _NOT_ENVIRONMENTS))


def load_settings(environment: str, directory: Path = CONFIG_DIRECTORY) -> EnvironmentSettings:
    """Read and check the settings of one environment.

    Raises BadInput for an environment without a file, for text that is no YAML and for every refused value.
    """
    if _NAME.fullmatch(environment) is None:
        raise BadInput(f"environment is {environment!r}, allowed: small letters and digits with hyphens between, {_LONGEST_NAME} at most")
    path = directory / f"{environment}.yaml"
    if environment not in environment_names(directory):
        raise BadInput(
            f"environment is {environment!r}, allowed: {', '.join(environment_names(directory)) or f'none, {directory}/ has no files'}"
        )
    content = read_yaml(path)
    try:
        settings = EnvironmentSettings.model_validate(content)
    except ValidationError as problem:
        errors = problem.errors(include_url=False)
        errors += missing_for_the_stacks(content, errors)
        raise BadInput(f"{path}: {mistakes_in_words(EnvironmentSettings, errors)}") from None
    _check_beside_others(environment, settings, directory)
    return settings


def _check_beside_others(environment: str, settings: EnvironmentSettings, directory: Path) -> None:
    """Rights go by how names begin: those of `prod` would cover all that `production` has in the same account."""
    mine = environment_prefix(environment)
    for other in environment_names(directory):
        prefix = environment_prefix(other)
        if other == environment or not (prefix.startswith(mine) or mine.startswith(prefix)):
            continue
        content = read_yaml(directory / f"{other}.yaml")
        if isinstance(content, dict) and str(content.get("account")) == settings.account:
            raise BadInput(
                f"{directory / environment}.yaml: account {settings.account} holds {environment} and {other}, whose stacks' names begin "
                f"alike ({mine}, {prefix}), and so the rights of one cover the other; allowed: another name, or another account"
            )
