"""The AUTH token out of Secrets Manager."""

from __future__ import annotations

import boto3

from uplift.aws_calls import PATIENT
from uplift.keyspace.server.endpoint import token_in


def read_token(secret_arn: str | None) -> str | None:
    """The token of a secret; None where there is no secret. Raises BadInput where its text holds none."""
    if secret_arn is None:
        return None
    return token_in(boto3.client("secretsmanager", config=PATIENT).get_secret_value(SecretId=secret_arn)["SecretString"], secret_arn)
