"""May the upgrade start? Asked twice: before anything is done, and once more just before the modify. Announces a run that may."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.inplace.aws.preflight_facts import read_preflight_facts
from uplift.inplace.aws.subscriptions import read_people
from uplift.inplace.decisions.expected_outage import expected_outage
from uplift.inplace.decisions.preflight import Decision, Verdict, approval_problem, decide
from uplift.inplace.decisions.time_left import why_out_of_time
from uplift.inplace.records.observation import Observation
from uplift.inplace.records.people import People
from uplift.inplace.records.run_facts import FACTS, RunFacts
from uplift.inplace.records.run_state import Next, Outcome, RunState, finished
from uplift.inplace.steps.adapters import ControlAdapters


@dataclass(frozen=True, slots=True)
class DecisionSteps:
    """Preflight and recheck."""

    adapters: ControlAdapters

    def preflight(self, state: RunState) -> RunState:
        """Decide whether the upgrade may start, and say so where people and a later recovery will look: both must be possible."""
        if not state.dry_run:
            self.adapters.lock.renew(self.adapters.seconds())
        observation = self.adapters.cache.observe()
        decision = self._decide(state, observation, self._people())
        state.findings, state.plan = list(decision.findings), decision.plan
        state.reason = "; ".join(decision.reasons)
        if decision.verdict is Verdict.NOTHING_TO_DO:
            return finished(state, Outcome.NOTHING_TO_DO, state.reason)
        if decision.verdict is Verdict.REFUSE:
            return finished(state, Outcome.REFUSED, state.reason)
        waits = decision.verdict is Verdict.WAIT
        if state.dry_run:
            would = f"wait ({state.reason}) and then proceed" if waits else "proceed"
            approval = approval_problem(decision.plan, self.adapters.settings)
            after = f"; not yet: {approval}" if approval else ""
            return finished(state, Outcome.DRY_RUN, f"the upgrade would {would}; its plan is {decision.plan}{after}")
        if problem := approval_problem(decision.plan, self.adapters.settings):
            return finished(state, Outcome.REFUSED, problem)
        if waits:
            state.next = Next.WAIT
            return state
        self._announce(state, observation)
        state.next = Next.CONTINUE
        return state

    def _announce(self, state: RunState, observation: Observation) -> None:
        settings = self.adapters.settings
        self.adapters.store(state.run_id).write("started", {"execution": self.adapters.execution, "plan": state.plan})
        self.adapters.notifications.publish(
            f"Uplift {settings.environment}: upgrade of {settings.legacy_id} begins"[:100],
            f"run {state.run_id}: {state.version_before} to {settings.target}, plan {state.plan} approved by {settings.approved_by}\n"
            f"expected outage: {expected_outage(observation)}, after census and snapshot",
            is_notice=True,
        )

    def recheck(self, state: RunState) -> RunState:
        """Look once more, just before the point of no return: a census and a snapshot take their time."""
        self.adapters.lock.renew(self.adapters.seconds())
        observation = self.adapters.cache.observe()
        if not observation.settled:
            # A group stays `snapshotting` for a short time after its snapshot is available.
            state.next, state.reason = Next.WAIT, f"{observation.id} has not settled after the snapshot: {observation.status}"
            if problem := why_out_of_time(state.started_at, self.adapters.now_utc(), self.adapters.settings.not_after):
                return finished(state, Outcome.REFUSED, f"{problem}, while waiting: {state.reason}")
            return state
        # Who is notified was settled at the start; a minute of trouble with SNS is no reason to end a run after its census.
        decision = self._decide(state, observation, None)
        reasons = [*decision.reasons, approval_problem(decision.plan, self.adapters.settings)]
        if decision.verdict is not Verdict.PROCEED or any(reasons):
            return finished(state, Outcome.REFUSED, f"on the second look: {'; '.join(filter(None, reasons))}")
        snapshot = self.adapters.cache.snapshot(state.snapshot_name)
        if snapshot is None:
            return finished(state, Outcome.REFUSED, f"on the second look: snapshot {state.snapshot_name} does not exist any more")
        facts = RunFacts.of(state, observation, snapshot, self.adapters.settings.recovery_node_type)
        self.adapters.store(state.run_id).write(FACTS, facts.model_dump(mode="json"))
        state.next = Next.CONTINUE
        return state

    def _people(self) -> People:
        return read_people(self.adapters.notifications.sns, self.adapters.settings.topic_arns)

    def _decide(self, state: RunState, observation: Observation, people: People | None) -> Decision:
        cache, settings = self.adapters.cache, self.adapters.settings
        facts = read_preflight_facts(
            cache,
            observation,
            self.adapters.now_utc(),
            own_snapshot=state.snapshot_name,
            new_parameters=cache.parameters_of(settings.parameter_group),
            probe=state.probe,
            people=people,
            started_at=state.started_at,
        )
        return decide(facts, settings)
