"""The CDK application of the pipeline's own rights. An administrator deploys it once, before the bootstrap: docs/pipeline.md."""

from __future__ import annotations

import aws_cdk as cdk

from app import finish, named_environment, run
from stacks.pipeline.stack import PipelineStack
from uplift.errors import BadInput
from uplift.settings.environment import EnvironmentSettings
from uplift.settings.pipeline_names import PipelineNames


def build(app: cdk.App, *, environment: str, settings: EnvironmentSettings) -> cdk.App:
    """Put the one stack into `app`. Raises BadInput for an environment without a pipeline."""
    if settings.pipeline is None:
        raise BadInput(f"config/{environment}.yaml: pipeline is missing, allowed: pipeline: {{repository: OWNER/NAME}}")
    names = PipelineNames(environment, settings)
    PipelineStack(
        app,
        names.stack,
        names=names,
        pipeline=settings.pipeline,
        env=cdk.Environment(account=settings.account, region=settings.region),
    )
    finish(app, settings=settings, boundary_arn=names.organisation_boundary_arn)
    return app


def main() -> None:
    """Synthesise the environment named by the context."""
    app = cdk.App()
    environment, settings = named_environment(app)
    build(app, environment=environment, settings=settings).synth()


if __name__ == "__main__":
    run(main)
