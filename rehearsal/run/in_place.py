"""The rehearsal of an in-place upgrade, from an empty machine to a verdict."""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import redis
import yaml

from rehearsal.app.dataset import fill
from rehearsal.cloud.elasticache.redis_server import RedisServer
from rehearsal.cloud.timing import Timing
from rehearsal.run.application import Application, read_values
from rehearsal.run.approval import approve_plan
from rehearsal.run.cdk_cli import CdkCli, CliResult
from rehearsal.run.installed_tools import SOURCE_VERSION, TARGET_VERSION, InstalledTools
from rehearsal.run.inventory_change import PatternRow, side_by_side, take_inventory
from rehearsal.run.key_digests import KeyDigests, read_key_digests
from rehearsal.run.local_cloud import LocalCloud
from rehearsal.run.loss_verdict import Verdict, judge
from rehearsal.run.observed_outage import longest_outage
from rehearsal.run.progress_display import ProgressDisplay
from rehearsal.run.rdb_input import RdbFile, copy_by_type
from rehearsal.run.recovery_check import RecoveryResult, recover
from rehearsal.run.rehearsal_report import SCHEMA, AwsCalls, CallsReport, Engine, InPlaceReport, Keys, OutageReport, Writes
from rehearsal.run.told import who_was_told
from rehearsal.run.watch_executions import Ended, watch
from uplift.errors import UpliftError
from uplift.report.run_page import StoryCalls
from uplift.settings.environment import EnvironmentSettings
from uplift.settings.load import CONFIG_DIRECTORY, load_settings

ENVIRONMENT = "rehearsal"
LONGEST_UPGRADE_SECONDS = 900.0
_AFTER_THE_UPGRADE_SECONDS = 3.0


class RehearsalFailed(UpliftError):
    """A step of the rehearsal itself did not work; what was lost, if anything, is not known."""

    code = "RehearsalFailed"


@dataclass(frozen=True, slots=True)
class InPlaceOptions:
    """What one rehearsal is asked to do."""

    out: Path
    keys: int = 50_000
    seed: int = 20200420
    rdb: RdbFile | None = None
    standalone: bool = False
    faults: tuple[str, ...] = ()
    keep: bool = False
    timing: Timing = field(default_factory=Timing)


@dataclass(frozen=True, slots=True)
class Address:
    """Where clients find legacy, before and after."""

    host: str
    port: int

    def connect(self, database: int = 0) -> redis.Redis:
        """A client through the endpoint."""
        return redis.Redis(self.host, self.port, db=database, protocol=2, socket_timeout=120, driver_info=None)

    def version(self) -> str:
        """The engine, as INFO says."""
        return str(self.connect().info("server")["redis_version"])


def rehearse(options: InPlaceOptions, display: ProgressDisplay, installed_tools: InstalledTools) -> InPlaceReport:
    """Do it all and return the report; it is also written to `options.out`."""
    installed_tools.check()
    options.out.mkdir(parents=True, exist_ok=True)
    config = _write_config(options)
    settings = load_settings(ENVIRONMENT, config)
    with ExitStack() as stack:
        with display.phase("start the local cloud"):
            cloud = LocalCloud(
                installed_tools,
                options.out / "cloud",
                account=settings.account,
                region=settings.region,
                timing=options.timing,
                faults=list(options.faults),
                stays=options.keep,
            )
        if not options.keep:
            stack.callback(cloud.stop)
        report = _Rehearsal(
            options, display, installed_tools, settings, cloud, CdkCli(installed_tools, cloud, config, options.out / "cdk.log")
        ).run(stack)
        if options.keep:
            display.say(f"the local cloud goes on: export AWS_ENDPOINT_URL={cloud.url}; stop it with: kill {cloud.pid}")
    (options.out / "report.json").write_text(json.dumps(report.as_json(), indent=2) + "\n")
    return report


@dataclass
class _Rehearsal:
    options: InPlaceOptions
    display: ProgressDisplay
    installed_tools: InstalledTools
    settings: EnvironmentSettings
    cloud: LocalCloud
    cdk: CdkCli

    def run(self, stack: ExitStack) -> InPlaceReport:
        legacy = self._prepare_legacy()
        self._approve()
        self._deploy()
        engine_before = legacy.version()
        with self.display.counted("read every key before") as progress:
            before = read_key_digests(legacy.connect, progress)
        inventory_before = take_inventory(legacy.host, legacy.port)
        application = Application(self.installed_tools, legacy.host, legacy.port, self.options.out)
        stack.callback(application.kill)
        with self.display.phase("application warms up"):
            application.wait_until_writing()
        ended = self._upgrade(application)
        with self.display.phase("application goes on, then stops"):
            application.wait_until_writing()
            time.sleep(_AFTER_THE_UPGRADE_SECONDS)
            journal = application.stop()
        with self.display.counted("read every key after") as progress:
            after = read_key_digests(legacy.connect, progress)
        rows = side_by_side(inventory_before, take_inventory(legacy.host, legacy.port))
        verdict = judge(before, after, journal, read_values(legacy.connect(), journal))
        recovery = self._recover(ended, verdict, before)
        return replace(
            self._report(Engine(engine_before, legacy.version()), ended, before, after, journal, verdict, rows), recovery=recovery
        )

    def _recover(self, ended: list[Ended], verdict: Verdict, before: KeyDigests) -> RecoveryResult | None:
        """Bring the data back where the run itself found a loss, as its runbook says."""
        runs = [one.run_id for one in ended if one.outcome == "lost"]
        if not runs:
            return None
        with self.display.phase("uplift recover: the snapshot into a new group"):
            return recover(self.cloud, self.cdk.config, runs[0], {finding.key for finding in verdict.lost_keys}, before)

    def _prepare_legacy(self) -> Address:
        options = self.options
        self.cloud.seed_network(self.settings)
        direct = options.rdb is not None and options.rdb.source_reads_it
        with self.display.phase(f"legacy Redis {SOURCE_VERSION}, {'one node' if options.standalone else 'primary and replica'}"):
            address = Address(
                **self.cloud.command(
                    "create-legacy",
                    id=self.settings.legacy.id,
                    version=SOURCE_VERSION,
                    nodes=1 if options.standalone else 2,
                    node_type="cache.r5.large",
                    standalone=options.standalone,
                    rdb=str(options.rdb.path) if options.rdb is not None and direct else None,
                )
            )
        if options.rdb is None:
            with self.display.counted(f"fill with {options.keys:,} keys") as progress:
                fill(
                    address.connect(), options.keys, seed=options.seed, now=time.time(), progress=lambda done: progress(done, options.keys)
                )
        elif not direct:
            with self.display.phase(f"copy RDB version {options.rdb.version} by type"):
                self._copy_from_newer(options.rdb, address)
        return address

    def _copy_from_newer(self, rdb: RdbFile, address: Address) -> None:
        server = RedisServer(
            TARGET_VERSION, self.installed_tools.redis_servers[TARGET_VERSION], self.options.out / "rdb-source", rdb=rdb.path
        )
        try:
            for name in server.client.info("keyspace"):
                number = int(name.removeprefix("db"))
                copy_by_type(server.connect(number), address.connect(number))
        finally:
            server.stop()

    def _approve(self) -> None:
        """Read the plan and approve it in the settings, as a reviewer of a pull request does."""
        with self.display.phase("uplift plan, and its approval"):
            approve_plan(self.cloud, self.cdk.config)

    def _deploy(self) -> None:
        with self.display.phase("cdk bootstrap"):
            _must_work(self.cdk.bootstrap(), "cdk bootstrap", self.cdk.log)
        with self.display.phase("cdk deploy --all"):
            _must_work(self.cdk.deploy(), "cdk deploy", self.cdk.log)

    def _upgrade(self, application: Application) -> list[Ended]:
        pulse = application.pulse
        with self.display.live("upgrade, started by the deployed schedule") as show:
            fires = 2 if "schedule-twice" in self.options.faults else 1
            arns = [self.cloud.command("fire-schedule", prefix="UpliftRehearsal")["execution"] for _ in range(fires)]
            return watch(
                self.cloud.client("stepfunctions"),
                arns,
                lambda state: show(f"{state}, app: {pulse.calls:,} calls, {pulse.failed:,} failed"),
                LONGEST_UPGRADE_SECONDS,
            )

    def _report(
        self,
        engine: Engine,
        ended: list[Ended],
        before: KeyDigests,
        after: KeyDigests,
        journal: dict[str, Any],
        verdict: Verdict,
        inventory: tuple[PatternRow, ...],
    ) -> InPlaceReport:
        outcome, reason = _outcome(ended, verdict, engine)
        secret = secrets.token_bytes(32)
        self._write_clear_names(verdict)
        aws = self.cloud.calls_of_roles()
        outage = longest_outage(journal["write_times"])
        return InPlaceReport(
            schema=SCHEMA,
            outcome=outcome,
            reason=reason,
            topology="standalone cluster" if self.options.standalone else "replication group of 2, failover on",
            data=str(self.options.rdb.path)
            if self.options.rdb is not None
            else f"{self.options.keys} generated keys, seed {self.options.seed}",
            engine=engine,
            phases=(*self.display.phases, *(phase for one in ended for phase in one.phases)),
            keys=Keys(before.keys, after.keys, len(verdict.lost_keys), len(verdict.changed_keys), verdict.expired),
            writes=Writes(journal["acknowledged"], len(verdict.lost_writes)),
            outage=OutageReport(round(outage.seconds, 2), self.options.timing.outage_seconds, outage.began_at),
            calls=CallsReport(sum(journal["calls"].values()), len(journal["failures"]), len(journal["slow"]), _by_second(journal)),
            aws_calls=AwsCalls(
                create_snapshot=aws.done["CreateSnapshot"],
                modify=aws.done["ModifyReplicationGroup"] + aws.done["ModifyCacheCluster"],
                throttled=aws.refused["Throttling"],
            ),
            faults=self.options.faults,
            executions=tuple(f"{one.status}: {one.outcome}" for one in ended),
            findings=tuple(finding.named(secret) for finding in verdict.findings),
            inventory=inventory,
            told=who_was_told(self.cloud, self.settings.upgrade.notify),
        )

    def _write_clear_names(self, verdict: Verdict) -> None:
        """The names themselves, for the operator's own eyes; nobody else may read the file."""
        path = self.options.out / "findings-clear.txt"
        path.touch(mode=0o600)
        path.write_text("".join(f"{finding.what}: {finding.key!r} {finding.detail}\n" for finding in verdict.findings))


def _by_second(journal: dict[str, Any]) -> tuple[StoryCalls, ...]:
    answered = {int(second): count for second, count in journal["answered_in"].items()}
    failed = Counter(int(at) for at, _command, _problem in journal["failures"])
    if not answered:
        return ()
    seconds = range(min(answered), max([*answered, *failed]) + 1)
    return tuple(StoryCalls(second, answered.get(second, 0), failed[second]) for second in seconds)


def _outcome(ended: list[Ended], verdict: Verdict, engine: Engine) -> tuple[str, str]:
    failed = [one for one in ended if one.status != "SUCCEEDED"]
    if not verdict.clean:
        count = len(verdict.findings)
        return "lost", f"{count} key{'s' if count > 1 else ''} or acknowledged writes lost or changed, named below"
    if failed:
        return "failed", f"the state machine ended {failed[0].status}: {failed[0].outcome} {failed[0].reason}"
    if engine.after != TARGET_VERSION:
        return "failed", f"the engine is {engine.after}, expected {TARGET_VERSION}"
    return "nothing-lost", f"{engine.before} became {engine.after}, every key and every acknowledged write is there"


def _write_config(options: InPlaceOptions) -> Path:
    """The rehearsal's own settings, changed to a standalone cluster where that is asked for."""
    folder = options.out / "config"
    folder.mkdir(exist_ok=True)
    source = CONFIG_DIRECTORY / f"{ENVIRONMENT}.yaml"
    if not options.standalone:
        shutil.copy(source, folder / source.name)
        return folder.resolve()
    content = yaml.safe_load(source.read_text())
    content["legacy"]["kind"] = "standalone-cluster"
    content["upgrade"]["acknowledged"].append("outage-for-the-whole-upgrade")
    (folder / source.name).write_text(yaml.safe_dump(content))
    return folder.resolve()


def _must_work(result: CliResult, what: str, log: Path) -> None:
    if result.exit_code != 0:
        raise RehearsalFailed(f"{what} failed, see {log}: {result.output.strip().splitlines()[-1]}")
