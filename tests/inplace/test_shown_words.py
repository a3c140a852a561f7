"""The report of a run shows the first words that many keys share, and nobody's name."""

from __future__ import annotations

import io
from typing import Any

from uplift.inplace.aws.report_store import AFTER, BEFORE, COMPARE, MEASURE, CheckPage, ReportStore
from uplift.inplace.records.run_state import CheckProgress, RunState
from uplift.inplace.steps.read_loss_proof import read_proof
from uplift.keyspace.census.census import Census, PatternCount
from uplift.keyspace.census.cold_check import ColdCount


class _Bucket:
    """put_object and get_object of S3, in memory."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_object(self, *, Key: str, Body: bytes, **_: Any) -> None:  # noqa: N803
        self.objects[Key] = Body

    def get_object(self, *, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        return {"Body": io.BytesIO(self.objects[Key])}


def _census(**keys: int) -> Census:
    patterns = {f"{word}:<number>": PatternCount(count, count, 0, {"string": count}) for word, count in keys.items()}
    return Census(patterns)


def test_the_proof_hides_the_words_that_few_keys_share() -> None:
    bucket: Any = _Bucket()
    store = ReportStore(bucket, "reports", "run")
    store.write_census_page(BEFORE, 0, _census(users=30, johnsmith=2, janedoe=1))
    store.write_census_page(AFTER, 0, _census(users=9, johnsmith=1))
    lost = {
        "johnsmith:<number>": ColdCount(1, missing=1),
        "janedoe:<number>": ColdCount(1, missing=1),
        "users:<number>": ColdCount(21, missing=21),
    }
    labels = ["missing: johnsmith:<number> #0a0a0a0a0a0a", "missing: users:<number> #0b0b0b0b0b0b", "missing: <word> #0c0c0c0c0c0c"]
    store.write_check(COMPARE, 0, CheckPage(ColdCount(23, missing=23), lost, labels), "")
    store.write(MEASURE, CheckProgress(done=True).model_dump(mode="json"))
    state = RunState.model_validate(
        {"census_before": {"pages": 1, "done": True}, "census_after": {"pages": 1, "done": True}, "compare": {"pages": 1, "done": True}}
    )
    proof = read_proof(state, store, 10)
    assert proof.patterns_before == {"users:<number>": 30, "<word>:<number>": 3}
    assert proof.patterns_after == {"users:<number>": 9, "<word>:<number>": 1}
    assert proof.cold is not None
    assert {pattern: count.missing for pattern, count in proof.cold.patterns.items()} == {"<word>:<number>": 2, "users:<number>": 21}
    assert proof.cold.labels == [
        "missing: <word>:<number> #0a0a0a0a0a0a", "missing: users:<number> #0b0b0b0b0b0b", "missing: <word> #0c0c0c0c0c0c",
    ]  # fmt: skip
    assert "johnsmith" not in repr(proof)
