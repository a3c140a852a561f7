"""The last two steps of every run, however it went: keep and send the report, give the lock back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from uplift.inplace.aws.report_store import ReportBucketUnusable, ReportStore
from uplift.inplace.records.loss_proof import Proof
from uplift.inplace.records.run_report import (
    final_outcome,
    final_reason,
    mail_subject,
    mail_text,
    report_as_json,
    write_report,
)
from uplift.inplace.records.run_state import CaughtError, Next, RunState
from uplift.inplace.steps.adapters import ControlAdapters
from uplift.inplace.steps.read_loss_proof import read_proof

REPORT_PREFIX = "report-"


@dataclass(frozen=True, slots=True)
class EndingSteps:
    """Report and unlock."""

    adapters: ControlAdapters

    def report(self, state: RunState, entered: str) -> RunState:
        """Keep the report, notify people, and settle how the run ended. `entered`: when, by the state machine's clock (RFC 3339).

        People are notified even when the report cannot be kept, and it is kept even when they cannot be notified. Then the step fails: a
        run that nobody can look up, or hear of, has not ended well. Raises ReportBucketUnusable or PeopleUnreachable.
        """
        adapters, settings = self.adapters, self.adapters.settings
        store = adapters.store(state.run_id)
        proof = self._proof(state, store)
        report = write_report(state, settings, adapters.execution, adapters.seconds(), proof)
        state.outcome, state.reason = final_outcome(state, proof), final_reason(state, proof)
        trouble: ReportBucketUnusable | None = None
        try:
            state.report_key = store.write(f"{REPORT_PREFIX}{adapters.execution.rsplit(':', 1)[-1]}", report_as_json(report))
            kept = f"s3://{settings.report_bucket}/{state.report_key}"
        except ReportBucketUnusable as problem:
            trouble, kept = problem, f"could not be kept: {problem}"
        is_bad = trouble is not None or not state.outcome.succeeded
        # Of a dry run whoever started it knows.
        if not state.dry_run:
            adapters.notifications.publish(mail_subject(report), mail_text(report, kept), is_notice=not is_bad)
        if is_bad:
            # By the clock of whoever files the execution's end: the function's own may be what is wrong.
            adapters.notifications.failure_told(datetime.fromisoformat(entered) if entered else adapters.now_utc())
        if trouble is not None:
            raise trouble
        state.next = Next.CONTINUE
        return state

    def _proof(self, state: RunState, store: ReportStore) -> Proof:
        try:
            return read_proof(state, store, self.adapters.settings.largest_key_drop_percent)
        except ReportBucketUnusable as problem:
            state.proof_trouble = CaughtError(Error=problem.code, Cause=str(problem))
            return Proof()

    def unlock(self, state: RunState) -> RunState:
        """Give the lock back; a run that failed after its modify keeps its record, so that the next start observes."""
        if state.dry_run:
            return state
        lock = self.adapters.lock
        if lock.holder() != lock.owner:
            # A step that failed before it had the lock: another execution may be changing legacy, with its alarms muted.
            return state
        # What was found and could not be reported must be found again.
        is_final = state.outcome is not None and state.outcome.is_final and state.report_trouble is None
        record = lock.record()
        if record is not None and record.may_have_modified and not is_final:
            lock.release()
        else:
            lock.close()
        self.adapters.alarm_actions.unmute()
        return state
