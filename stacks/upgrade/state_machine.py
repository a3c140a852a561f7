"""The state machine of the in-place upgrade.

Lock, probe, preflight (again while a backup is made), census, snapshot, measure, recheck, modify, then wait-observe until decided,
census, compare, report, unlock.
Everything caught before *modify* is reported and ends the run; everything caught from *modify* on goes back to
*observe* and never to *modify* again. After it, data is looked at however the engine change ended.
"""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from stacks.upgrade.step_machine import RETRIED_CHANGES, RETRIED_ERRORS, RETRIED_READS, StepMachine, counting_task, next_is, step_task
from uplift.inplace.records.run_state import Next, Outcome, Step

# Longer than they need be for one look: a whole night of them must fit into an execution's history (settings/upgrade.py).
_SNAPSHOT_WAIT_SECONDS = 45
_BACKUP_WAIT_SECONDS = 60
_SUCCESSES = tuple(outcome for outcome in Outcome if outcome.succeeded)


class UpgradeStateMachine(Construct):
    """The machine, its role and its log group."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        control: lambda_.IFunction,
        data: lambda_.IFunction,
        observe_every_seconds: int,
        longest: Duration,
        role_path: str,
        log_retention: logs.RetentionDays,
    ) -> None:
        super().__init__(scope, construct_id)
        self._control = control
        self._data = data
        self._observe_every_seconds = observe_every_seconds
        self.machine = StepMachine(
            self,
            definition=self._definition(),
            functions=[control, data],
            longest=longest,
            role_path=role_path,
            log_retention=log_retention,
        ).machine

    def _definition(self) -> sfn.IChainable:
        report = self._ending()
        observing = self._observing(report)
        modifying = self._modifying(report, observing)
        counting = self._counting("CensusBefore", Step.CENSUS_BEFORE, then=modifying, report=report)
        preflight = self._control_task("Preflight", Step.PREFLIGHT)
        preflight.add_catch(report, result_path="$.failure")
        backup = self._wait("WaitForBackup", _BACKUP_WAIT_SECONDS)
        preflight.next(self._choice("MayStart").when(next_is(Next.WAIT), backup).when(next_is(Next.FINISH), report).otherwise(counting))
        probe = step_task(self, "Probe", step=Step.PROBE, function=self._data)
        probe.add_catch(report, result_path="$.failure")
        probe.next(preflight)
        backup.next(probe)
        lock = self._control_task("Lock", Step.LOCK)
        lock.add_catch(report, result_path="$.failure")
        busy = sfn.Succeed(self, "AlreadyRunning", comment="Another execution holds the lock: a schedule that fires twice is no failure")
        lock.next(self._choice("HasLock").when(next_is(Next.BUSY), busy).when(next_is(Next.OBSERVE), observing).otherwise(probe))
        return lock

    def _modifying(self, report: sfn.IChainable, observing: sfn.IChainable) -> sfn.IChainable:
        snapshot = self._control_task("Snapshot", Step.SNAPSHOT)
        snapshot.add_catch(report, result_path="$.failure")
        recheck = self._control_task("Recheck", Step.RECHECK)
        recheck.add_catch(report, result_path="$.failure")
        modify = step_task(self, "Modify", step=Step.MODIFY, function=self._control, retried=RETRIED_CHANGES)
        modify.add_catch(observing, result_path="$.modify_trouble")
        modify.next(self._choice("WasTaken").when(next_is(Next.FINISH), report).otherwise(observing))
        measure = self._counting("Measure", Step.MEASURE, then=recheck, report=report)
        wait = self._wait("WaitForSnapshot", _SNAPSHOT_WAIT_SECONDS).next(snapshot)
        snapshot.next(self._choice("HasSnapshot").when(next_is(Next.WAIT), wait).when(next_is(Next.FINISH), report).otherwise(measure))
        settle = self._wait("WaitToSettle", _SNAPSHOT_WAIT_SECONDS).next(recheck)
        recheck.next(self._choice("IsStillSafe").when(next_is(Next.WAIT), settle).when(next_is(Next.FINISH), report).otherwise(modify))
        return snapshot

    def _observing(self, report: sfn.IChainable) -> sfn.IChainable:
        wait = self._wait("WaitForEngine", self._observe_every_seconds)
        observe = self._control_task("Observe", Step.OBSERVE)
        observe.add_catch(report, errors=["LockLost"], result_path="$.failure")
        observe.add_catch(wait, result_path="$.observe_trouble")
        comparing = self._counting("Compare", Step.COMPARE, then=report, report=report, after_modify=True)
        counting = self._counting("CensusAfter", Step.CENSUS_AFTER, then=comparing, report=report, after_modify=True)
        observe.next(self._choice("IsDone").when(next_is(Next.WAIT), wait).otherwise(counting))
        wait.next(observe)
        return wait

    def _counting(
        self, name: str, step: Step, *, then: sfn.IChainable, report: sfn.IChainable, after_modify: bool = False
    ) -> sfn.IChainable:
        return counting_task(
            self,
            name,
            step=step,
            function=self._data,
            then=then,
            report=report,
            trouble="proof_trouble" if after_modify else "failure",
            retried=RETRIED_READS if after_modify else RETRIED_ERRORS,
        )

    def _ending(self) -> sfn.IChainable:
        failed = sfn.Fail(self, "Failed", error_path="$.outcome", cause_path="$.reason")
        unreported = sfn.Fail(self, "Unreported", error="Unreported", cause="The run ended, but its report could not be kept or sent")
        succeeded = sfn.Succeed(self, "Succeeded")
        unlock = self._control_task("Unlock", Step.UNLOCK)
        unlock.add_catch(unreported, result_path="$.failure")
        report = self._control_task("Report", Step.REPORT)
        report.add_catch(unlock, result_path="$.report_trouble")
        ok = sfn.Condition.or_(*(sfn.Condition.string_equals("$.outcome", outcome.value) for outcome in _SUCCESSES))
        trouble = sfn.Condition.is_present("$.report_trouble.Error")
        unlock.next(self._choice("HowDidItEnd").when(trouble, unreported).when(ok, succeeded).otherwise(failed))
        report.next(unlock)
        return report

    def _control_task(self, name: str, step: Step) -> tasks.LambdaInvoke:
        return step_task(self, name, step=step, function=self._control)

    def _wait(self, name: str, seconds: int) -> sfn.Wait:
        return sfn.Wait(self, name, time=sfn.WaitTime.duration(Duration.seconds(seconds)))

    def _choice(self, name: str) -> sfn.Choice:
        return sfn.Choice(self, name)
