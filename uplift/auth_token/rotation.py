"""Rotates a group's AUTH token without disconnecting a client: makes it, lets both work, publishes it, and later refuses the old one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from uplift.answer_to_change import Answer, answer_to_change
from uplift.auth_token.rotation_decision import RotationFacts, RotationStep, next_to_begin, next_to_finish
from uplift.aws_calls import AwsUnavailable, aws_named
from uplift.errors import BadInput, UpliftError

if TYPE_CHECKING:
    from mypy_boto3_elasticache import ElastiCacheClient
    from mypy_boto3_elasticache.type_defs import ReplicationGroupTypeDef
    from mypy_boto3_secretsmanager import SecretsManagerClient

_CURRENT, _PENDING = "AWSCURRENT", "AWSPENDING"
_NOTED, _ASKED = "uplift:auth-token-changed-at", "uplift:auth-token-asked-at"
_NOT_ASKED = "0"
_POLL_SECONDS = 2.0
_LONGEST_SECONDS = 1800
# How long a change whose answer was lost may take to show; a describe lags by seconds.
_OPEN_SECONDS = 300
# As stacks/groups/replication_group.py makes the first one: letters and digits only.
_TOKEN_LENGTH = 64
Show = Callable[[str], None]


class RotationStuck(UpliftError):
    """The group did not come back to `available` in half an hour; the same command goes on from there."""

    code = "RotationStuck"


class Rotation:
    """One group and its secret. Every method raises AwsUnavailable when AWS refuses.

    `once` must not repeat a request by itself (aws_calls.ONCE): a second ROTATE could drive out the old token.
    """

    def __init__(
        self,
        cache: ElastiCacheClient,
        once: ElastiCacheClient,
        secrets: SecretsManagerClient,
        *,
        group: str,
        group_id: str,
        secret_arn: str,
        open_seconds: float = _OPEN_SECONDS,
    ) -> None:
        self._group, self._cache, self._once, self._secrets = group, cache, once, secrets
        self._id, self._secret = group_id, secret_arn
        self._deadline = time.monotonic() + _LONGEST_SECONDS
        self._open_seconds = open_seconds

    def begin(self, show: Show) -> None:
        """Until both tokens are accepted and the new one is published. Raises RotationStuck."""
        while True:
            step = next_to_begin(self._facts())
            show(f"{self._group}: {step}")
            match step:
                case RotationStep.MAKE:
                    self._make()
                case RotationStep.ROTATE:
                    self._change(_PENDING, "ROTATE")
                case RotationStep.PUBLISH:
                    self._publish()
                    return
                case _:
                    self._wait()

    def finish(self, show: Show) -> None:
        """Until the published token is the only one. Raises RotationStuck, or BadInput while a begun rotation is not published."""
        if self._facts().has_pending:
            raise BadInput(f"{self._group}: a new token was made but not published, run the command without --finish first")
        if not self._tags().get(_NOTED):
            raise BadInput(f"{self._group}: no rotation has been begun, run the command without --finish first")
        while (step := next_to_finish(self._facts())) is not RotationStep.DONE:
            show(f"{self._group}: {step}")
            if step is RotationStep.SET:
                self._change(_CURRENT, "SET")
            else:
                self._wait()

    def _facts(self) -> RotationFacts:
        group, stages, tags = self._described(), self._stages(), self._tags()
        return RotationFacts(
            is_available=group["Status"] == "available",
            has_pending=_PENDING in stages,
            pending_is_current=_PENDING in stages and stages[_PENDING] == stages.get(_CURRENT),
            changed_since_noted=_changed_at(group) != tags.get(_NOTED, ""),
            asked_lately=time.time() - float(tags.get(_ASKED, _NOT_ASKED)) < self._open_seconds,
        )

    def _described(self) -> ReplicationGroupTypeDef:
        with aws_named(f"reading {self._id}"):
            return self._cache.describe_replication_groups(ReplicationGroupId=self._id)["ReplicationGroups"][0]

    def _tags(self) -> dict[str, str]:
        with aws_named("reading the secret's tags"):
            tags = self._secrets.describe_secret(SecretId=self._secret).get("Tags", [])
        return {tag["Key"]: tag["Value"] for tag in tags}

    def _tag(self, key: str, value: str) -> None:
        with aws_named(f"noting {key} beside the secret"):
            self._secrets.tag_resource(SecretId=self._secret, Tags=[{"Key": key, "Value": value}])

    def _stages(self) -> dict[str, str]:
        with aws_named("reading the versions of the secret"):
            versions = self._secrets.list_secret_version_ids(SecretId=self._secret)["Versions"]
        return {stage: version["VersionId"] for version in versions for stage in version.get("VersionStages", [])}

    def _make(self) -> None:
        """The date is noted first: a token that is pending always has the date of before its ROTATE beside it."""
        self._tag(_NOTED, _changed_at(self._described()))
        with aws_named("making a token"):
            token = self._secrets.get_random_password(PasswordLength=_TOKEN_LENGTH, ExcludePunctuation=True)["RandomPassword"]
            self._secrets.put_secret_value(SecretId=self._secret, SecretString=token, VersionStages=[_PENDING])

    def _change(self, stage: str, strategy: Literal["ROTATE", "SET"]) -> None:
        before = _changed_at(self._described())
        with aws_named("reading the token"):
            token = self._secrets.get_secret_value(SecretId=self._secret, VersionStage=stage)["SecretString"]
        # Before the request: whoever gives the command again looks for a while before it asks again.
        self._tag(_ASKED, f"{time.time():.0f}")
        doubt = self._ask(token, strategy)
        until = time.monotonic() + self._open_seconds
        # A describe right after the call still gives the old state: the date alone shows that it was done.
        while _changed_at(group := self._described()) == before:
            if doubt and group["Status"] == "available" and time.monotonic() > until:
                self._tag(_ASKED, _NOT_ASKED)
                raise RotationStuck(
                    f"{strategy} was answered with {doubt}, and nothing has changed in {self._open_seconds:.0f} s: it was not done; "
                    "the same command goes on from here"
                )
            self._wait()
        self._tag(_ASKED, _NOT_ASKED)

    def _ask(self, token: str, strategy: Literal["ROTATE", "SET"]) -> str:
        """Ask once, and again only where the request never reached ElastiCache; returns the error that leaves it open whether it did."""
        while True:
            try:
                self._once.modify_replication_group(
                    ReplicationGroupId=self._id, AuthToken=token, AuthTokenUpdateStrategy=strategy, ApplyImmediately=True
                )
            except ResponseParserError as problem:
                # Half an answer.
                return str(problem)
            except (ClientError, BotoCoreError) as problem:
                match answer_to_change(problem):
                    case Answer.REFUSED:
                        self._tag(_ASKED, _NOT_ASKED)
                        raise AwsUnavailable(f"asking ElastiCache to {strategy} the token: {problem}") from None
                    case Answer.NOT_TAKEN:
                        self._wait(f"{strategy} could not be asked for: {problem}")
                    case Answer.OPEN:
                        return str(problem)
            else:
                return ""

    def _publish(self) -> None:
        stages = self._stages()
        pending, current = stages[_PENDING], stages.get(_CURRENT, "")
        with aws_named("publishing the token"):
            if pending != current:
                self._secrets.update_secret_version_stage(
                    SecretId=self._secret, VersionStage=_CURRENT, MoveToVersionId=pending, RemoveFromVersionId=current
                )
            self._tag(_NOTED, _changed_at(self._described()))
            self._secrets.update_secret_version_stage(SecretId=self._secret, VersionStage=_PENDING, RemoveFromVersionId=pending)

    def _wait(self, why: str = "") -> None:
        if time.monotonic() > self._deadline:
            what = why or f"{self._id} did not settle"
            raise RotationStuck(f"{what}, for {_LONGEST_SECONDS // 60} minutes; the same command goes on from here")
        time.sleep(_POLL_SECONDS)


def _changed_at(group: ReplicationGroupTypeDef) -> str:
    """ElastiCache's date of the last token change; a word where there was none yet."""
    changed = group.get("AuthTokenLastModifiedDate")
    return changed.isoformat() if changed is not None else "never"
