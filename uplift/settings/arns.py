"""ARNs of what exists already: their form, and whose they are."""

from __future__ import annotations

from typing import NamedTuple

from uplift.settings.values import Text

_PARTITION, _REGION, _ACCOUNT = "aws[a-z-]*", "[a-z]{2,4}(-[a-z]+)+-[0-9]", "[0-9]{12}"
# IAM API reference, CreatePolicy: names of 128 characters, under a path that begins and ends with a slash.
_POLICY = r"policy/([!-.0-~]+/)*[A-Za-z0-9_+=,.@-]{1,128}"


class Owner(NamedTuple):
    """An environment, as ARNs name it."""

    partition: str
    region: str
    account: str


def _arn(service: str, region: str, resource: str, what: str, example: str) -> Text:
    where = "REGION" if region else ""
    allowed = f"the ARN of {what}, such as arn:PARTITION:{service}:{where}:ACCOUNT:{example}"
    return Text(allowed, f"arn:{_PARTITION}:{service}:{region}:{_ACCOUNT}:{resource}", longest=2_048)


POLICY_ARN = _arn("iam", "", _POLICY, "an IAM policy", "policy/NAME")
OIDC_PROVIDER_ARN = _arn(
    "iam",
    "",
    r"oidc-provider/token\.actions\.githubusercontent\.com",
    "GitHub's OIDC provider",
    "oidc-provider/token.actions.githubusercontent.com",
)
# Secrets Manager user guide, "What's in a secret": a name and six characters that Secrets Manager adds.
SECRET_ARN = _arn("secretsmanager", _REGION, r"secret:[A-Za-z0-9/_+=.@!-]{1,512}-[A-Za-z0-9]{6}", "a secret", "secret:NAME-AbCdEf")
KEY_ARN = _arn("kms", _REGION, r"key/(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})", "a KMS key", "key/ID")


def why_elsewhere(arn: str, owner: Owner, what: str) -> str:
    """Why something is not this environment's, after the field's name; empty where it is."""
    _, partition, _, region, account, *_ = arn.split(":")
    if (partition, account) == (owner.partition, owner.account) and region in ("", owner.region):
        return ""
    where = f" in {owner.region}" if region else ""
    return f"is {arn}, allowed: {what} of account {owner.account}{where} in partition {owner.partition}"
