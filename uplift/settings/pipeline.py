"""Settings of the pipeline that deploys: whose workflows, and which people, may take the roles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from uplift.settings.arns import OIDC_PROVIDER_ARN
from uplift.settings.base import FrozenSettings
from uplift.settings.lists import EachOnce
from uplift.settings.values import Text

_OPERATOR = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>[0-9]{12}):(?P<kind>role|user)/(?P<path>[\w+=,.@/*-]*[\w+=,.@*-])", re.ASCII
)
_ALLOWED = "the ARN of a role or a user, such as arn:PARTITION:iam::ACCOUNT:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_NAME_*"
# Where IAM Identity Center keeps the role of each permission set, and how it names it (its user guide, "Referencing permission sets in
# resource policies").
_RESERVED_PATH, _RESERVED_NAME = "aws-reserved/", "AWSReservedSSO_"
_FEWEST_LETTERS = 3
# IAM user guide, "IAM and AWS STS quotas": the name of a role or a user.
_LONGEST_NAME = 64
# GitHub's own words when one signs up; the _ is before an enterprise's short code (GitHub docs, "Enterprise Managed Users").
_GITHUB_OWNER = "(?!-)[A-Za-z0-9_-]{1,39}(?<!-)"
# A role's trust, without asking AWS for more (IAM user guide, "IAM and AWS STS quotas"): what of it people and the repository do not write,
# and what one more account takes. A test holds both against a template.
_LONGEST_TRUST, _REST_OF_TRUST, _ONE_ACCOUNT = 2_048, 420, 150


SHARED_QUALIFIER = "hnb659fds"
"""What a bootstrap is called that nobody named (CDK's bootstrap template)."""


class PipelineSettings(FrozenSettings):
    """One GitHub repository. `oidc_provider_arn`: the account's provider where there is one already, else one is made.

    `bootstrap_qualifier` tells this environment's bootstrap from others in the account; it follows from the environment's name.
    `operators`: people's own roles and users, beside the repository's jobs; a `*` in a role's name stands for what nobody knows beforehand.
    """

    repository: Annotated[str, Text("OWNER/NAME, as GitHub writes them", rf"{_GITHUB_OWNER}/(?!\.{{1,2}}$)[A-Za-z0-9_.-]{{1,100}}")]
    oidc_provider_arn: Annotated[str, OIDC_PROVIDER_ARN] | None = None
    bootstrap_qualifier: Annotated[str, Text("2 to 10 small letters and digits, beginning with a letter", "[a-z][a-z0-9]{1,9}")] | None = (
        None
    )
    operators: Annotated[tuple[Annotated[str, Text(_ALLOWED)], ...], EachOnce()] = ()

    def problems(self) -> Iterator[str]:
        """A bootstrap that is not ours alone; operators that are nobody, or nearly everybody."""
        if self.bootstrap_qualifier == SHARED_QUALIFIER:
            yield f"bootstrap_qualifier is {SHARED_QUALIFIER}, which all other CDK applications share; allowed: another one"
        for operator in self.operators:
            found = _OPERATOR.fullmatch(operator)
            if found is None:
                yield f"operators: {operator!r} is nobody, allowed: {_ALLOWED}"
            elif len(found["path"].rsplit("/", 1)[-1]) > _LONGEST_NAME:
                yield f"operators: {operator!r} has a name of more characters than IAM takes, allowed: {_LONGEST_NAME}"
            elif found["kind"] == "user" and "*" in found["path"]:
                yield f"operators: {operator!r} has a * in a user's name, allowed: a * in a role's name"
            elif _is_too_wide(found["path"]):
                yield (
                    f"operators: {operator!r} would let nearly any role in, allowed: a * after at least {_FEWEST_LETTERS} letters of the "
                    f"role's own name, for a permission set {_RESERVED_NAME}NAME_*"
                )

        if not all(map(_OPERATOR.fullmatch, self.operators)):
            return
        size = self.trust_characters
        if size > _LONGEST_TRUST:
            yield (
                f"operators: {len(self.operators)} of them make a trust policy of {size:,} characters, allowed: {_LONGEST_TRUST:,}; name a "
                "permission set for all of them"
            )

    @property
    def trust_characters(self) -> int:
        """How long a role's trust becomes at most."""
        quoted = sum(len(f'"{operator}",') for operator in self.operators)
        return _REST_OF_TRUST + len(self.repository) + _ONE_ACCOUNT * len(self.operators_by_account) + quoted

    def operators_elsewhere(self, partition: str) -> Iterator[str]:
        """Operators of another partition, whom no role can trust."""
        yield from (operator for operator in self.operators if operator.split(":")[1] != partition)

    @property
    def operators_by_account(self) -> dict[str, tuple[str, ...]]:
        """The operators, under the account that each belongs to."""
        accounts = dict.fromkeys(operator.split(":")[4] for operator in self.operators)
        return {account: tuple(one for one in self.operators if one.split(":")[4] == account) for account in accounts}


def _is_too_wide(path: str) -> bool:
    """Whether a name with a `*` says too little of whom it means.

    IAM's `*` passes over slashes (IAM user guide, "IAM JSON policy elements: Condition operators"): one that can reach Identity Center's
    folder anywhere but in a permission set's own name would mean everybody's.
    """
    name = path.rsplit("/", 1)[-1]
    if "*" not in name:
        return False
    known, before_any = name.partition("*")[0], path.partition("*")[0]
    reaches_reserved = before_any.startswith(_RESERVED_PATH) or _RESERVED_PATH.startswith(before_any)
    if reaches_reserved and not known.startswith(_RESERVED_NAME):
        return True
    return len(known.removeprefix(_RESERVED_NAME)) < _FEWEST_LETTERS
