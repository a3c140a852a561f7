"""`uplift plan ENV`: what the upgrade would do, said beforehand, from reads only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import typer

from uplift.aws_calls import aws_named
from uplift.cli.commands.settings import refuse_past_dates
from uplift.cli.deployment import PEOPLE_TOPIC_FACT, Deployment
from uplift.cli.options.environment import Config, Environment
from uplift.cli.terminal.output import AsJson, print_json, print_lines
from uplift.engines.nodes import newer_family_of
from uplift.engines.support import support_warnings
from uplift.errors import ExitCode
from uplift.inplace.aws.preflight_facts import read_preflight_facts
from uplift.inplace.aws.subscriptions import read_people
from uplift.inplace.decisions.preflight import Decision, Facts, Verdict, approval_problem, decide
from uplift.inplace.decisions.window_overlaps import window_overlaps
from uplift.inplace.records.observation import Observation
from uplift.inplace.records.people import People
from uplift.inplace.records.run_settings import RunSettings
from uplift.settings.endpoints import needed_endpoints
from uplift.settings.environment import EnvironmentSettings
from uplift.settings.load import CONFIG_DIRECTORY, load_settings
from uplift.settings.schedule_times import fire_times


@dataclass(frozen=True, slots=True)
class Plan:
    """The preflight's decision with what the upgrade costs."""

    decision: Decision
    overlaps: tuple[str, ...]
    endpoints: tuple[str, ...]
    costs: tuple[str, ...]
    approval: str


def plan(environment: Environment, config: Config = CONFIG_DIRECTORY, *, as_json: AsJson = False) -> None:
    """Say what the in-place upgrade of legacy would do: exit 0 when it may proceed or wait for a backup, 1 when it is refused."""
    settings = load_settings(environment, config)
    refuse_past_dates(environment, settings, config)
    with aws_named(f"reading ElastiCache in {settings.region}"):
        made = make_plan(Deployment(environment, settings))
    if as_json:
        print_json(_as_json(environment, made))
    else:
        print_lines(_as_lines(made))
    if made.decision.verdict is Verdict.REFUSE:
        raise typer.Exit(ExitCode.FAILED)


def make_plan(deployment: Deployment) -> Plan:
    """Read legacy and decide, as the first steps of a run do; Redis itself is not asked."""
    settings = deployment.settings
    cache = deployment.legacy
    facts = read_preflight_facts(
        cache,
        cache.observe(),
        datetime.now(UTC),
        own_snapshot="",
        new_parameters=settings.upgrade.parameters,
        probe=None,
        people=_people(deployment),
    )
    run_settings = RunSettings.of(deployment.environment, settings, parameter_group="")
    decision = decide(facts, run_settings)
    return Plan(
        decision,
        tuple(_overlaps(settings, facts)),
        tuple(needed_endpoints(settings)),
        tuple(_costs(settings, facts.observation)),
        approval_problem(decision.plan, run_settings),
    )


def _people(deployment: Deployment) -> People | None:
    """None where nothing is deployed that people could be subscribed to."""
    topic = deployment.fact_if_deployed(PEOPLE_TOPIC_FACT)
    if topic is None:
        return None
    with aws_named("reading who is subscribed"):
        return read_people(deployment.sns, (topic, *deployment.settings.upgrade.receivers.topics))


def _overlaps(settings: EnvironmentSettings, facts: Facts) -> Iterator[str]:
    """What the schedule overlaps, whether it is on yet or not."""
    upgrade = settings.upgrade
    if upgrade.schedule.expression is None:
        return
    start = next(fire_times(upgrade.schedule.expression, upgrade.schedule.time_zone, facts.now, upgrade.not_after), None)
    yield from window_overlaps(start, upgrade.not_after, upgrade.longest_minutes, facts.observation)


def _costs(settings: EnvironmentSettings, observation: Observation) -> list[str]:
    nodes = f"{len(observation.members)} x {observation.members[0].node_type}"
    lines = [f"legacy stays {nodes}: the upgrade adds no node"]
    lines += [f"price: {warning}" for warning in support_warnings(settings.upgrade.target) if "Extended Support" in warning]
    lines.append("one manual snapshot, kept and paid by the GB until somebody deletes it")
    for name, group in settings.deployed_groups.items():
        lines.append(f"the {name} stack adds {group.node_count} x {group.node_type}")
        newer = newer_family_of(group.node_type, group.version.number, in_govcloud=settings.in_govcloud)
        if newer:
            lines.append(f"{name.field}.node_type: {newer} runs {group.version} as well, with as much memory: compare prices")
    return lines


def _as_lines(made: Plan) -> list[str]:
    decision = made.decision
    lines = [f"verdict: {decision.verdict}", f"plan: {decision.plan} ({made.approval or 'approved'})"]
    lines += [f"because: {reason}" for reason in decision.reasons]
    lines += list(decision.findings)
    lines += [f"overlap: {overlap}" for overlap in made.overlaps]
    lines += [f"must exist: {endpoint}" for endpoint in made.endpoints]
    lines += [f"cost: {cost}" for cost in made.costs]
    return lines


def _as_json(environment: str, made: Plan) -> dict[str, object]:
    return {
        "schema": "uplift.plan/1",
        "environment": environment,
        "verdict": made.decision.verdict.value,
        "plan": made.decision.plan,
        "approval": made.approval or "approved",
        "reasons": list(made.decision.reasons),
        "findings": list(made.decision.findings),
        "missing_acknowledgements": [item.value for item in made.decision.missing_acknowledgements],
        "overlaps": list(made.overlaps),
        "must_exist": list(made.endpoints),
        "costs": list(made.costs),
    }
