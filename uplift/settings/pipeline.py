"""Settings of the pipeline that deploys: whose workflows may take the roles."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from uplift.settings.base import FrozenSettings


class PipelineSettings(FrozenSettings):
    """One GitHub repository. `oidc_provider_arn`: the account's provider where there is one already, else one is made.

    `bootstrap_qualifier` tells this environment's bootstrap from others in the account; it follows from the environment's name.
    """

    repository: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")]
    oidc_provider_arn: (
        Annotated[str, StringConstraints(pattern=r"^arn:[a-z-]+:iam::\d{12}:oidc-provider/token\.actions\.githubusercontent\.com$")] | None
    ) = None
    bootstrap_qualifier: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{1,9}$")] | None = None
