"""Parameters of a parameter group, as settings write them: each a text, each one of its family."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from uplift.engines.parameters import parameter_family
from uplift.settings.lists import Pairs
from uplift.settings.values import Text, did_you_mean

MEMORY_POLICY = "maxmemory-policy"
REFUSES_WRITES = "noeviction"

_Name = Annotated[str, Text("the name of a parameter, such as maxmemory-policy")]
# Off is written as an empty text: notify-keyspace-events: "".
_Value = Annotated[str, Text("a text", may_be_empty=True)]
Parameters = Annotated[Mapping[_Name, _Value], Pairs()]


def cluster_mode_problems(values: Mapping[str, str]) -> Iterator[str]:
    """Whether keys would be spread over shards."""
    if values.get("cluster-enabled") == "yes":
        yield "parameters.cluster-enabled is 'yes', allowed: no (Sidekiq and breakers use several keys in one command)"


def parameter_problems(family_name: str, values: Mapping[str, str]) -> Iterator[str]:
    """Each parameter that the family does not have, or not with this value."""
    family = parameter_family(family_name)
    for name, problem in family.problems_with(values):
        yield f"parameters.{name} {problem}{'' if family.has(name) else did_you_mean(name, tuple(family.by_name))}"
    for name, value in values.items():
        if not value and name in family.by_name and name != "notify-keyspace-events" and family.by_name[name].problem_with(value) is None:
            yield f"parameters.{name} is blank, allowed: a value such as {family.by_name[name].default}"
