"""Who may take a role: jobs of one GitHub environment of one repository, by the token GitHub signs for them.

Source: GitHub documentation, "Configuring OpenID Connect in Amazon Web Services": without the `sub` condition any repository could.
"""

from __future__ import annotations

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

from uplift.settings.pipeline import PipelineSettings

PROVIDER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"


def trusted_jobs(*, pipeline: PipelineSettings, github_environment: str) -> iam.WebIdentityPrincipal:
    """The principal of a role's trust; protection rules of the GitHub environment decide which jobs get that far."""
    provider = pipeline.oidc_provider_arn or f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:oidc-provider/{PROVIDER}"
    subject = f"repo:{pipeline.repository}:environment:{github_environment}"
    return iam.WebIdentityPrincipal(provider, {"StringEquals": {f"{PROVIDER}:aud": AUDIENCE, f"{PROVIDER}:sub": subject}})
