"""The one request that changes legacy's engine. It is sent once: whoever does not get an answer has to look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from uplift.answer_to_change import Answer, answer_to_change
from uplift.engines.catalogue import Engine
from uplift.errors import NotTaken, RunRefused
from uplift.settings.legacy import LegacyKind

if TYPE_CHECKING:
    from mypy_boto3_elasticache import ElastiCacheClient


class ModifyRejected(RunRefused):
    """ElastiCache refused the modify, so nothing has changed."""

    code = "ModifyRejected"


@dataclass(frozen=True, slots=True)
class EngineChange:
    """Legacy by kind and id. `client` must not repeat a request by itself (aws_calls.ONCE)."""

    client: ElastiCacheClient
    kind: LegacyKind
    identifier: str

    def request(self, engine: Engine, version: str, parameter_group: str) -> None:
        """Ask for the new engine and its parameter group in one call, at once.

        Raises ModifyRejected where ElastiCache said no and NotTaken where it was not reached. Any other error leaves it open whether the
        request was taken, so the caller must look before it does anything else.
        """
        change: Any = {"EngineVersion": version, "CacheParameterGroupName": parameter_group, "ApplyImmediately": True}
        if engine is Engine.VALKEY:
            change["Engine"] = engine.value
        try:
            if self.kind is LegacyKind.STANDALONE:
                self.client.modify_cache_cluster(CacheClusterId=self.identifier, **change)
            else:
                self.client.modify_replication_group(ReplicationGroupId=self.identifier, **change)
        except (ClientError, BotoCoreError) as problem:
            match answer_to_change(problem):
                case Answer.REFUSED:
                    raise ModifyRejected(f"ElastiCache refused the upgrade: {problem}") from problem
                case Answer.NOT_TAKEN:
                    raise NotTaken(f"the modify: {problem}") from problem
                case Answer.OPEN:
                    raise
