"""The pointer as one SSM parameter, which no template holds: CloudFormation would write its own value back with any change of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from uplift.split_on_aws.aws_answers import reading, writing

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

_NOT_THERE = "ParameterNotFound"


@dataclass(frozen=True, slots=True)
class PointerParameter:
    """By its name. A write is whole, and nothing can be asked of it: whoever leads reads it back now and then."""

    client: SSMClient
    name: str

    def write(self, text: str) -> None:
        """In the place of what was there. Raises NotWritten."""
        with writing(f"parameter {self.name}"):
            self.client.put_parameter(Name=self.name, Value=text, Type="String", Overwrite=True)

    def read(self) -> str | None:
        """None where it was never created. Raises StoreUnreachable."""
        try:
            with reading(f"parameter {self.name}", absent=_NOT_THERE):
                return self.client.get_parameter(Name=self.name)["Parameter"].get("Value")
        except ClientError:
            return None
