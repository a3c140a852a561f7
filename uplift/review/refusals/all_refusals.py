"""Everything that AWS refuses of head and has not taken in base already."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from uplift.review.finding import Finding, Impact
from uplift.review.refusals.by_schema import schema_refusals
from uplift.review.refusals.combinations import refused_combinations
from uplift.review.refusals.cycles import circular_conditions, circular_dependencies
from uplift.review.refusals.duplicate_rules import duplicate_rules
from uplift.review.refusals.exports import exports_and_imports
from uplift.review.refusals.limits import exceeded_limits
from uplift.review.refusals.map_entries import missing_map_entries
from uplift.review.refusals.names_taken import taken_names
from uplift.review.refusals.names_taken_over_stacks import names_over_stacks
from uplift.review.refusals.not_updated import refused_updates
from uplift.review.refusals.nothing_there import missing_references, references_to_what_is_left_out
from uplift.review.refusals.parameters import defaults_of_another_kind, parameters_without_value
from uplift.review.refusals.policies import refused_policies
from uplift.review.refusals.refusal import Refusal
from uplift.review.refusals.schedules import refused_schedules
from uplift.review.refusals.services import refused_by_services
from uplift.review.refusals.state_machines import refused_state_machines
from uplift.review.refusals.users import refused_users
from uplift.review.refusals.values import refused_values
from uplift.review.templates.differences import Change
from uplift.review.templates.template import STACK, Assembly, StackTemplate

# Each judges one template: what it says of base as well is deployed, so AWS took it.
_OF_ONE: tuple[Callable[[StackTemplate], Iterator[Refusal]], ...] = (
    missing_references,
    references_to_what_is_left_out,
    exceeded_limits,
    refused_state_machines,
    refused_schedules,
    refused_values,
    refused_combinations,
    refused_users,
    defaults_of_another_kind,
    missing_map_entries,
    circular_conditions,
    refused_policies,
    refused_by_services,
)
# Each judges the step from base to head.
_OF_BOTH: tuple[Callable[[StackTemplate | None, StackTemplate], Iterator[Refusal]], ...] = (
    circular_dependencies,
    duplicate_rules,
    parameters_without_value,
    refused_updates,
)


def refused_by_schema(base: StackTemplate | None, head: StackTemplate) -> list[Finding]:
    """What the registry's schemas refuse of the templates as they are written. `base` None: the stack is new."""
    return [_finding(one, head) for one in dict.fromkeys(schema_refusals(base, head))]


def refused_by_rule(base: StackTemplate | None, head: StackTemplate, changes: Sequence[Change]) -> list[Finding]:
    """What our own rules refuse of one stack with its values put in; `changes` as the two compare."""
    found: dict[Refusal, None] = {}
    for rule in _OF_ONE:
        taken = set(rule(base)) if base is not None else set()
        found |= dict.fromkeys(one for one in rule(head) if one not in taken)
    for step in _OF_BOTH:
        found |= dict.fromkeys(step(base, head))
    found |= dict.fromkeys(taken_names(base, head, changes))
    return [_finding(one, head) for one in found]


def refused_assembly(base: Assembly, head: Assembly) -> Iterator[Finding]:
    """Findings that need several stacks: exports and imports, and names that two stacks share."""
    for one in (*exports_and_imports(base, head), *names_over_stacks(base, head)):
        yield _finding(one.refusal, one.stack)


def _finding(one: Refusal, stack: StackTemplate) -> Finding:
    resource = stack.resources.get(one.resource)
    kind = resource.type if resource is not None else STACK
    where = one.resource or stack.name
    return Finding(Impact.FAILS, stack.name, where, kind, one.what, f"AWS refuses: {one.why}.", one.action, about=one.about)
