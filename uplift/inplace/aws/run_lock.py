"""The run lock: one item a source in DynamoDB, taken with one conditional write.

The item is also the run's durable record. It is written before the act it names and read again by whoever
continues. A holder that runs keeps its lock, however long a step of the data function lasts; a lease, renewed by the control
function's steps, decides only where nobody can say whether the holder still runs.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from uplift.errors import LockLost
from uplift.inplace.records.run_record import Phase, RunKey, RunRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

LEASE_SECONDS = 900
_TAKE = "SET #owner = :me, lease_until = :until"
_REFUSED = "ConditionalCheckFailedException"


@dataclass(frozen=True, slots=True)
class RunLock:
    """The lock of one source as one execution sees it. Times are seconds since 1970."""

    table: Table
    source: str
    owner: str

    def take(self, now: int) -> bool:
        """Take the lock if it is free or ours. False: another execution has it.

        Of every conditional write here the answer may be lost, and the repetition refused for what the first one did: the item tells.
        """
        return self._update(_TAKE, "attribute_not_exists(#owner) OR #owner = :me", {":until": now + LEASE_SECONDS})

    def holder(self) -> str:
        """The execution that holds the lock; empty where nobody does."""
        return str(self._item().get("owner", ""))

    def take_from(self, ended: str, now: int) -> bool:
        """Take the lock of an execution that has ended without giving it back. False: somebody else was quicker."""
        return self._update(_TAKE, "#owner = :ended", {":until": now + LEASE_SECONDS, ":ended": ended}) or self._is_mine()

    def take_expired(self, holder: str, now: int) -> bool:
        """Take the lock of an execution nobody can ask about, once its lease has run out. False: it has not, or somebody was quicker."""
        return (
            self._update(
                _TAKE,
                "#owner = :holder AND lease_until < :now",
                {":until": now + LEASE_SECONDS, ":holder": holder, ":now": now},
            )
            or self._is_mine()
        )

    def _is_mine(self) -> bool:
        return self.holder() == self.owner

    def renew(self, now: int) -> None:
        """Prolong the lease before acting. Raises LockLost when another execution has taken over."""
        if not self._update("SET lease_until = :until", "#owner = :me", {":until": now + LEASE_SECONDS}):
            raise LockLost(f"another execution took over the run of {self.source}; this one stops without acting")

    def record(self) -> RunRecord | None:
        """The run this source is in the middle of; None where no run has begun or the last one was closed."""
        item = self._item()
        if "phase" not in item:
            return None
        return RunRecord(
            key=RunKey(self.source, str(item["observed_version"]), str(item["target"]), int(str(item["attempt"]))),
            phase=Phase(str(item["phase"])),
            modify_requested_at=int(str(item["modify_requested_at"])),
            failover_before=bool(item["failover_before"]),
            census_pages=int(str(item["census_pages"])),
        )

    def begin(self, key: RunKey, *, failover_before: bool) -> RunRecord:
        """Write the record of a new run over whatever an earlier one left. Raises LockLost."""
        record = RunRecord(key, Phase.STARTED, 0, failover_before, 0)
        self._update_or_lose(
            "SET phase = :phase, observed_version = :observed, target = :target, attempt = :attempt, "
            "modify_requested_at = :zero, census_pages = :zero, failover_before = :failover",
            {
                ":phase": Phase.STARTED.value,
                ":observed": key.observed_version,
                ":target": key.target,
                ":attempt": key.attempt,
                ":zero": 0,
                ":failover": failover_before,
            },
        )
        return record

    def request_modify(self, now: int, *, census_pages: int) -> bool:
        """Write down that the modify is about to be sent. False: that was written before, so it must not be sent again."""
        mark = secrets.token_hex(8)
        return (
            self._update(
                "SET phase = :requested, modify_requested_at = :now, census_pages = :pages, requested_by = :mark",
                "#owner = :me AND phase = :started",
                {
                    ":requested": Phase.MODIFY_REQUESTED.value,
                    ":started": Phase.STARTED.value,
                    ":now": now,
                    ":pages": census_pages,
                    ":mark": mark,
                },
            )
            or self._item().get("requested_by") == mark
        )

    def withdraw_modify(self) -> None:
        """Take the request back after ElastiCache refused it for certain, or was not reached. Raises LockLost."""
        self._update_or_lose("SET phase = :started, modify_requested_at = :zero", {":started": Phase.STARTED.value, ":zero": 0})

    def close(self) -> None:
        """Give the lock back and forget the run: it reached its end. An item that is missing or not ours is left alone."""
        try:
            self.table.delete_item(
                Key={"source": self.source},
                ConditionExpression="#owner = :me",
                ExpressionAttributeNames={"#owner": "owner"},
                ExpressionAttributeValues={":me": self.owner},
            )
        except ClientError as problem:
            _raise_unless_refused(problem)

    def release(self) -> None:
        """Give the lock back and keep the record, so that the next start goes on from it."""
        self._update("REMOVE #owner, lease_until", "#owner = :me", {})

    def _item(self) -> dict[str, Any]:
        return self.table.get_item(Key={"source": self.source}, ConsistentRead=True).get("Item", {})

    def _update_or_lose(self, expression: str, values: dict[str, Any]) -> None:
        if not self._update(expression, "#owner = :me", values):
            raise LockLost(f"another execution took over the run of {self.source}; this one stops without acting")

    def _update(self, expression: str, condition: str, values: dict[str, Any]) -> bool:
        try:
            self.table.update_item(
                Key={"source": self.source},
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#owner": "owner"},
                ExpressionAttributeValues={":me": self.owner, **values},
            )
        except ClientError as problem:
            _raise_unless_refused(problem)
            return False
        return True


def _raise_unless_refused(problem: ClientError) -> None:
    if problem.response["Error"]["Code"] != _REFUSED:
        raise problem
