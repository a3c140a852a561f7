"""The state machine of a recovery: restore, wait, count and compare, look at legacy, report. It never touches legacy."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.upgrade.step_machine import RETRIED_READS, StepMachine, counting_task, next_is, step_task
from uplift.inplace.records.run_state import Next, Outcome, Step

# Restoring a big snapshot takes hours: CloudFormation's own handler allows five.
_LONGEST = Duration.hours(8)
_WAIT_SECONDS = 30


class RecoveryStateMachine(Construct):
    """The machine, its role and its log group; started by hand only, with `{"run_id": ID}`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        recovery: lambda_.IFunction,
        data: lambda_.IFunction,
        role_path: str,
        log_retention: logs.RetentionDays,
    ) -> None:
        super().__init__(scope, construct_id)
        self._recovery, self._data = recovery, data
        self.machine = StepMachine(
            self,
            definition=self._definition(),
            functions=[recovery, data],
            longest=_LONGEST,
            role_path=role_path,
            log_retention=log_retention,
        ).machine

    def _definition(self) -> sfn.IChainable:
        report = self._ending()
        legacy_now = self._counting("CensusLegacyNow", Step.CENSUS_AFTER, then=report, report=report, trouble="proof_trouble")
        look = self._task("LookAtLegacy", Step.LOOK_AT_LEGACY)
        look.add_catch(report, result_path="$.proof_trouble")
        look.next(legacy_now)
        compare = self._counting("CompareRestored", Step.COMPARE, then=look, report=report, trouble="failure")
        count = self._counting("CensusRestored", Step.CENSUS_AFTER, then=compare, report=report, trouble="failure")
        return self._restoring(count, report)

    def _restoring(self, count: sfn.IChainable, report: sfn.IChainable) -> sfn.IChainable:
        unknown = sfn.Fail(self, "NotRestored", error="NotRestored", cause_path="$.failure.Cause")
        wait = sfn.Wait(self, "WaitForRestore", time=sfn.WaitTime.duration(Duration.seconds(_WAIT_SECONDS)))
        restore = self._task("Restore", Step.RESTORE)
        restore.add_catch(unknown, result_path="$.failure")
        observe = self._task("ObserveRestored", Step.OBSERVE_RESTORED)
        observe.add_catch(report, result_path="$.failure")
        is_restored = sfn.Choice(self, "IsRestored")
        observe.next(is_restored.when(next_is(Next.WAIT), wait).when(next_is(Next.FINISH), report).otherwise(count))
        wait.next(observe)
        restore.next(wait)
        return restore

    def _counting(self, name: str, step: Step, *, then: sfn.IChainable, report: sfn.IChainable, trouble: str) -> sfn.IChainable:
        return counting_task(self, name, step=step, function=self._data, then=then, report=report, trouble=trouble, retried=RETRIED_READS)

    def _ending(self) -> sfn.IChainable:
        unreported = sfn.Fail(self, "Unreported", error="Unreported", cause="The recovery ended, but its report could not be kept or sent")
        report = self._task("ReportRecovery", Step.REPORT_RECOVERY)
        report.add_catch(unreported, result_path="$.report_trouble")
        failed = sfn.Fail(self, "Failed", error_path="$.outcome", cause_path="$.reason")
        recovered = sfn.Condition.string_equals("$.outcome", Outcome.RECOVERED.value)
        report.next(sfn.Choice(self, "HowDidItEnd").when(recovered, sfn.Succeed(self, "Succeeded")).otherwise(failed))
        return report

    def _task(self, name: str, step: Step) -> sfn.TaskStateBase:
        return step_task(self, name, step=step, function=self._recovery)
