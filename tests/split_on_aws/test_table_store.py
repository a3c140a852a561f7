"""A table and a bucket as the place where a split keeps its state, held to the same contract as the directory.

Table, bucket and parameter are moto's, which is asked one call at a time: within a process it is not whole under threads, as DynamoDB is, so that
what is shown is that no order of calls is wrong. That a repeated write is refused for what the first one did is botocore's doing. Rights,
throttling of its own accord and consistency across zones are not shown here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.split.store_contract import RECORD, StoreContract, asked
from uplift.errors import NotWritten
from uplift.split.record.asked import Wish
from uplift.split.store.store import StoreConflict, StoreUnreachable
from uplift.split_on_aws.pointer_parameter import PointerParameter
from uplift.split_on_aws.table_store import COMMANDS, NAME, PARTITION, TableStore

REGION = "us-gov-west-1"
BUCKET, TABLE, PARAMETER = "split-state", "split-state", "/uplift/prod/split/pointer"


@dataclass
class Odd:
    """A client or table whose calls are answered otherwise: `loses_answers` writes twice, `fails_with` answers with that code."""

    real: Any
    loses_answers: bool = False
    fails_with: str = ""

    def __getattr__(self, name: str) -> Any:
        real = getattr(self.real, name)
        if not callable(real):
            return real

        def call(**arguments: Any) -> Any:
            if self.fails_with:
                raise ClientError({"Error": {"Code": self.fails_with, "Message": "as the test says"}}, name)
            if self.loses_answers and name in {"put_item", "delete_item"}:
                real(**arguments)
            return real(**arguments)

        return call


class TestTableStore(StoreContract):
    @pytest.fixture(autouse=True)
    def _place(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        call, one_at_a_time = BaseClient._make_api_call, threading.Lock()  # type: ignore[attr-defined]

        def call_alone(client: BaseClient, *arguments: Any) -> Any:
            with one_at_a_time:
                return call(client, *arguments)

        with mock_aws():
            monkeypatch.setattr(BaseClient, "_make_api_call", call_alone)
            boto3.resource("dynamodb", region_name=REGION).create_table(
                TableName=TABLE,
                KeySchema=[{"AttributeName": PARTITION, "KeyType": "HASH"}, {"AttributeName": NAME, "KeyType": "RANGE"}],
                AttributeDefinitions=[
                    {"AttributeName": PARTITION, "AttributeType": "S"},
                    {"AttributeName": NAME, "AttributeType": "S"},
                ],
                BillingMode="PAY_PER_REQUEST",
            )
            s3 = boto3.client("s3", region_name=REGION)
            s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-gov-west-1"})
            # moto closes an object that is replaced, also for who still reads its body, unless it is kept as a version.
            s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
            yield

    def opened(self) -> TableStore:
        session = boto3.Session(region_name=REGION)
        return TableStore(
            table=session.resource("dynamodb").Table(TABLE),
            bucket=BUCKET,
            objects=session.client("s3"),
            pointer=PointerParameter(session.client("ssm"), PARAMETER),
        )

    def odd(self, **how: Any) -> TableStore:
        store = self.opened()
        table: Any = Odd(store.table, **how)
        objects: Any = Odd(store.objects, **how)
        parameters: Any = Odd(store.pointer.client, **how)
        return replace(store, table=table, objects=objects, pointer=PointerParameter(parameters, PARAMETER))

    def test_a_write_whose_answer_was_lost_took_place(self) -> None:
        store = self.odd(loses_answers=True)
        store.write(first := RECORD.changed())
        store.write(second := first.changed(engine="one"))
        assert self.opened().read() == second
        store.ask(mine := asked())
        assert self.opened().asked() == mine
        with pytest.raises(StoreConflict):
            store.write(first.changed(engine="other"))

    def test_a_take_whose_answer_was_lost_is_nobodys(self) -> None:
        """Its author is told that nothing was changed, and asks anew: better than two who do it."""
        self.opened().ask(mine := asked())
        assert not self.odd(loses_answers=True).take(mine)
        assert not self.opened().take_back(mine.id)
        self.opened().ask(asked("ben@ops"))

    @pytest.mark.parametrize("code", ["ProvisionedThroughputExceededException", "AccessDeniedException"])
    def test_what_aws_does_not_do_is_not_written_and_names_place_and_reason(self, code: str) -> None:
        self.opened().write(first := RECORD.changed())
        store = self.odd(fails_with=code)
        acts: list[Callable[[], object]] = [
            lambda: store.write(first.changed()),
            lambda: store.ask(asked()),
            lambda: store.write_status("x"),
            lambda: store.pointer.write("x"),
        ]
        for act in acts:
            with pytest.raises(NotWritten, match=code):
                act()
        for look in (store.read, store.asked, store.beats, store.read_status, store.read_pointer, lambda: store.answer_to("0" * 12)):
            with pytest.raises(StoreUnreachable, match=code):
                look()

    def test_a_request_in_other_words_is_gone(self) -> None:
        store = self.opened()
        store.table.put_item(Item={PARTITION: COMMANDS, NAME: "waiting", "id": "1", "text": '{"wish": "fly"}'})
        assert store.asked() is None
        store.ask(asked(wish=Wish.BACK))

    def test_operators_and_engines_write_to_partitions_of_their_own(self) -> None:
        """What dynamodb:LeadingKeys of a role can tell apart."""
        store = self.opened()
        store.write(RECORD.changed())
        store.ask(asked())
        items = boto3.client("dynamodb", region_name=REGION).scan(TableName=TABLE)["Items"]
        assert sorted((item[PARTITION]["S"], item[NAME]["S"]) for item in items) == [("command", "waiting"), ("engine", "record")]
