"""Where a stack is deployed, as the assembly's manifest says it, and the pseudo parameters that follow from it.

Source: CloudFormation user guide, "Pseudo parameters reference".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from uplift.settings.regions import partition_of

_WRITTEN = re.compile(r"aws://([^/]*)/(.*)")
_SUFFIXES = {"aws-cn": "amazonaws.com.cn", "aws": "amazonaws.com", "aws-us-gov": "amazonaws.com"}


@dataclass(frozen=True, slots=True)
class DeployEnvironment:
    """An account and a region; empty where nothing says it."""

    account: str = ""
    region: str = ""

    @classmethod
    def read(cls, text: str) -> Self:
        """`aws://333333333333/us-gov-west-1`, with `unknown-account` and `unknown-region` where synthesis was not told."""
        found = _WRITTEN.fullmatch(text)
        return cls(*(part if not part.startswith("unknown-") else "" for part in found.groups())) if found else cls()

    def agrees_with(self, other: DeployEnvironment) -> bool:
        """Whether both can be the same place: what one does not say may be what the other says."""
        return all(mine in {"", theirs} or not theirs for mine, theirs in ((self.account, other.account), (self.region, other.region)))

    def with_what_is_known_of(self, other: DeployEnvironment) -> DeployEnvironment:
        """This place, completed by another that agrees with it."""
        return DeployEnvironment(self.account or other.account, self.region or other.region)

    @property
    def pseudo_parameters(self) -> dict[str, str]:
        """The values of `AWS::Region` and its like, as far as they are known."""
        known = {"AWS::AccountId": self.account, "AWS::Region": self.region}
        if self.region:
            partition = partition_of(self.region)
            known |= {"AWS::Partition": partition, "AWS::URLSuffix": _SUFFIXES.get(partition, "")}
        return {name: value for name, value in known.items() if value}

    def __str__(self) -> str:
        return f"{self.account or 'any account'}/{self.region or 'any region'}"


ANYWHERE = DeployEnvironment()
