"""A table and a bucket as the place where a split keeps its state: what is decided in items, what is told in objects.

Two partitions: `engine` is what engines write, `command` what operators write, so that a policy can keep them apart (condition key
dynamodb:LeadingKeys).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from uplift.split.record.asked import Answer, Asked
from uplift.split.record.split_record import SplitRecord, record_from
from uplift.split.store.store import Beat, StoreConflict, answer_from, asked_from, beat_from, waits_already
from uplift.split_on_aws.aws_answers import reading, writing
from uplift.split_on_aws.pointer_parameter import PointerParameter

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_s3 import S3Client

PARTITION, NAME, EXPIRES = "part", "name", "expires"
"""The keys of an item, and what the table's time to live looks at."""
ENGINES, COMMANDS = "engine", "command"
_RECORD, _WAITING, _ANSWER, _BEAT = "record", "waiting", "answer:", "beat:"
_STATUS, _REPORT = "runs/split/status.json", "runs/split/report.json"
_KEPT_SECONDS = 7 * 86_400
_NO_OBJECT = "NoSuchKey"


@dataclass(frozen=True, slots=True)
class TableStore:
    """A SplitStore. Reads of the table are consistent."""

    table: Table
    bucket: str
    objects: S3Client
    pointer: PointerParameter

    def read(self) -> SplitRecord | None:
        """As SplitStore."""
        text = self._text(ENGINES, _RECORD)
        return None if text is None else record_from(text, f"table {self.table.name}: {_RECORD}")

    def write(self, record: SplitRecord) -> None:
        """As SplitStore."""
        item: dict[str, str | int] = {
            PARTITION: ENGINES,
            NAME: _RECORD,
            "run": record.run,
            "revision": record.revision,
            "text": record.text,
        }
        try:
            with writing(f"table {self.table.name}: {_RECORD}"):
                if record.revision == 1:
                    self.table.put_item(
                        Item=item, ConditionExpression="attribute_not_exists(#name)", ExpressionAttributeNames={"#name": NAME}
                    )
                else:
                    self.table.put_item(
                        Item=item,
                        ConditionExpression="run = :run AND revision = :before",
                        ExpressionAttributeValues={":run": record.run, ":before": record.revision - 1},
                    )
        except ClientError:
            # The answer to what was written may have been lost, and the repetition refused for it.
            if self._text(ENGINES, _RECORD) != record.text:
                raise self._conflict(record.run, record.revision - 1) from None

    def _conflict(self, run: str, revision: int) -> StoreConflict:
        found = self.read()
        there = f"revision {found.revision} of run {found.run}" if found is not None else "no record"
        return StoreConflict(f"table {self.table.name}: {there} is there, expected: revision {revision} of {run}; nothing was written")

    def ask(self, asked: Asked) -> None:
        """As SplitStore."""
        item = {PARTITION: COMMANDS, NAME: _WAITING, "id": asked.id, "text": asked.model_dump_json()}
        try:
            with writing(f"table {self.table.name}: {_WAITING}"):
                self.table.put_item(Item=item, ConditionExpression="attribute_not_exists(#name)", ExpressionAttributeNames={"#name": NAME})
        except ClientError:
            other = self.asked()
            if other is not None and other.id == asked.id:
                return
            raise waits_already(other) from None

    def asked(self) -> Asked | None:
        """As SplitStore."""
        found = self._item(COMMANDS, _WAITING)
        if found is None:
            return None
        asked = asked_from(str(found["text"]))
        if asked is None:
            self._remove_waiting(str(found["id"]))
        return asked

    def take_back(self, asked_id: str) -> bool:
        """As SplitStore."""
        return self._remove_waiting(asked_id)

    def take(self, asked: Asked) -> bool:
        """As SplitStore."""
        return self._remove_waiting(asked.id)

    def _remove_waiting(self, asked_id: str) -> bool:
        """Of two at once one finds it. Where the answer was lost, and it was repeated, nobody does: its author is told."""
        try:
            with writing(f"table {self.table.name}: {_WAITING}"):
                self.table.delete_item(
                    Key={PARTITION: COMMANDS, NAME: _WAITING},
                    ConditionExpression="id = :id",
                    ExpressionAttributeValues={":id": asked_id},
                )
        except ClientError:
            return False
        return True

    def answer(self, asked_id: str, answer: Answer) -> None:
        """As SplitStore."""
        self._put(_ANSWER + asked_id, answer.model_dump_json())

    def answer_to(self, asked_id: str) -> Answer | None:
        """As SplitStore."""
        text = self._text(ENGINES, _ANSWER + asked_id)
        return None if text is None else answer_from(text)

    def beat(self, beat: Beat) -> None:
        """As SplitStore."""
        self._put(_BEAT + beat.engine, beat.model_dump_json())

    def beats(self) -> tuple[Beat, ...]:
        """As SplitStore."""
        with reading(f"table {self.table.name}: beats"):
            answer = self.table.query(
                KeyConditionExpression="#part = :part AND begins_with(#name, :beat)",
                ExpressionAttributeNames={"#part": PARTITION, "#name": NAME},
                ExpressionAttributeValues={":part": ENGINES, ":beat": _BEAT},
                ConsistentRead=True,
            )
        found = (beat_from(str(item["text"])) for item in answer["Items"])
        return tuple(beat for beat in found if beat is not None)

    def write_pointer(self, text: str, record: SplitRecord) -> None:
        """As SplitStore. SSM takes no condition: the record is looked at right before."""
        found = self.read()
        if found is None or (found.run, found.revision) != (record.run, record.revision):
            raise self._conflict(record.run, record.revision)
        self.pointer.write(text)

    def read_pointer(self) -> str | None:
        """As SplitStore."""
        return self.pointer.read()

    def write_status(self, text: str) -> None:
        """As SplitStore."""
        self._put_object(_STATUS, text)

    def read_status(self) -> str | None:
        """As SplitStore."""
        return self._object(_STATUS)

    def write_report(self, text: str) -> None:
        """As SplitStore."""
        self._put_object(_REPORT, text)

    def read_report(self) -> str | None:
        """As SplitStore."""
        return self._object(_REPORT)

    def _put(self, name: str, text: str) -> None:
        with writing(f"table {self.table.name}: {name}"):
            self.table.put_item(Item={PARTITION: ENGINES, NAME: name, "text": text, EXPIRES: int(time.time()) + _KEPT_SECONDS})

    def _item(self, partition: str, name: str) -> Mapping[str, object] | None:
        with reading(f"table {self.table.name}: {name}"):
            return self.table.get_item(Key={PARTITION: partition, NAME: name}, ConsistentRead=True).get("Item")

    def _text(self, partition: str, name: str) -> str | None:
        found = self._item(partition, name)
        return None if found is None else str(found["text"])

    def _put_object(self, key: str, text: str) -> None:
        with writing(f"s3://{self.bucket}/{key}"):
            self.objects.put_object(Bucket=self.bucket, Key=key, Body=text.encode())

    def _object(self, key: str) -> str | None:
        try:
            with reading(f"s3://{self.bucket}/{key}", absent=_NO_OBJECT):
                return self.objects.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode()
        except ClientError:
            return None
