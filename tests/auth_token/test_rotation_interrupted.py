"""A rotation that is interrupted behind its request, or whose answer is cut off: ElastiCache is asked once.

Group and secret are stand-ins: the local ElastiCache shows a change too soon for somebody to type the command again before.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError
from botocore.parsers import ResponseParserError

from uplift.auth_token.rotation import Rotation


class _Cache:
    """Shows a change after so many more looks; `answer` is raised in place of an answer to the change."""

    def __init__(self, looks: int, answer: Exception | None = None) -> None:
        self.asked: list[str] = []
        self._looks, self._answer = looks, answer

    def modify_replication_group(self, **request: Any) -> None:
        self.asked.append(request["AuthTokenUpdateStrategy"])
        if self._answer is not None:
            raise self._answer

    def describe_replication_groups(self, **_request: Any) -> dict[str, Any]:
        self._looks -= bool(self.asked)
        changed = {"AuthTokenLastModifiedDate": datetime(2026, 12, 1, tzinfo=UTC)} if self._looks < 0 else {}
        return {"ReplicationGroups": [{"Status": "available", **changed}]}


class _Secrets:
    def __init__(self) -> None:
        self._tags: dict[str, str] = {}
        self._stages = {"old": ["AWSCURRENT"]}

    def describe_secret(self, **_request: Any) -> dict[str, Any]:
        return {"Tags": [{"Key": key, "Value": value} for key, value in self._tags.items()]}

    def tag_resource(self, **request: Any) -> None:
        self._tags |= {tag["Key"]: tag["Value"] for tag in request["Tags"]}

    def list_secret_version_ids(self, **_request: Any) -> dict[str, Any]:
        return {"Versions": [{"VersionId": version, "VersionStages": stages} for version, stages in self._stages.items()]}

    def get_random_password(self, **_request: Any) -> dict[str, Any]:
        return {"RandomPassword": "n" * 64}

    def put_secret_value(self, **_request: Any) -> None:
        self._stages["new"] = ["AWSPENDING"]

    def get_secret_value(self, **_request: Any) -> dict[str, Any]:
        return {"SecretString": "n" * 64}

    def update_secret_version_stage(self, **_request: Any) -> None:
        self._stages = {"new": ["AWSCURRENT"]}


def _rotation(cache: Any, secrets: Any) -> Rotation:
    return Rotation(cache, cache, secrets, group="sidekiq", group_id="g", secret_arn="s")


def _interrupt(_seconds: float) -> None:
    raise KeyboardInterrupt


def test_the_same_command_after_ctrl_c_looks_before_it_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    cache, secrets = _Cache(looks=5), _Secrets()
    monkeypatch.setattr("uplift.auth_token.rotation.time.sleep", _interrupt)
    with pytest.raises(KeyboardInterrupt):
        _rotation(cache, secrets).begin(lambda _line: None)
    monkeypatch.setattr("uplift.auth_token.rotation.time.sleep", lambda _seconds: None)
    _rotation(cache, secrets).begin(lambda _line: None)
    assert cache.asked == ["ROTATE"]


@pytest.mark.parametrize(
    "answer",
    [ResponseParserError("no element found"), ConnectionClosedError(endpoint_url="https://x")],
    ids=lambda answer: type(answer).__name__,
)
def test_an_answer_that_is_cut_off_is_no_reason_to_ask_again(answer: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, secrets = _Cache(looks=3, answer=answer), _Secrets()
    monkeypatch.setattr("uplift.auth_token.rotation.time.sleep", lambda _seconds: None)
    _rotation(cache, secrets).begin(lambda _line: None)
    assert cache.asked == ["ROTATE"]
