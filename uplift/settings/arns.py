"""ARNs of what exists already: their form, and whose they are."""

from __future__ import annotations

from typing import NamedTuple

from uplift.settings.values import Text

_PARTITION, _REGION, _ACCOUNT = "aws[a-z-]*", "[a-z]{2,4}(-[a-z]+)+-[0-9]", "[0-9]{12}"
# IAM API reference, CreatePolicy: names of 128 characters, under a path of 512 that begins and ends with a slash. A path may
# hold more signs, of which some mean something else in a policy that names it (*, ?, ${) and some nobody writes.
IAM_SIGNS = "[A-Za-z0-9_+=,.@-]"
PATH_IN_WORDS = "letters, digits and _ + = , . @ - between slashes"
_POLICY = rf"policy(?=.{{1,512}}(?<=/)[^/]+$)/({IAM_SIGNS}+/)*{IAM_SIGNS}{{1,128}}"


class Owner(NamedTuple):
    """An environment, as ARNs name it."""

    partition: str
    region: str
    account: str


def _arn(service: str, region: str, resource: str, what: str, example: str, account: str = _ACCOUNT) -> Text:
    where = "REGION" if region else ""
    allowed = f"the ARN of {what}, such as arn:PARTITION:{service}:{where}:ACCOUNT:{example}"
    return Text(allowed, f"arn:{_PARTITION}:{service}:{region}:{account}:{resource}", longest=2_048)


# Also one of AWS's own, which is of no account: whose a policy is gets asked below, in words of its own.
POLICY_ARN = _arn("iam", "", _POLICY, f"an IAM policy, its path of {PATH_IN_WORDS}", "policy/NAME", f"({_ACCOUNT}|aws)")
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
