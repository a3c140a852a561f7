"""The CDK application: reads the context, builds one settings object, and hands it down. Nothing below reads anything."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from cdk_nag import AwsSolutionsChecks

from stacks.groups.stack import GroupStack
from stacks.shared.bundle import Bundle
from stacks.upgrade.stack import UpgradeStack
from uplift.errors import BadInput, ExitCode
from uplift.settings.environment import EnvironmentSettings, StackName
from uplift.settings.load import CONFIG_DIRECTORY, load_settings
from uplift.settings.pipeline_names import PipelineNames


def build(app: cdk.App, *, environment: str, settings: EnvironmentSettings, bundle: Bundle) -> cdk.App:
    """Put the chosen stacks of one environment into `app`."""
    names = PipelineNames(environment, settings)
    env = cdk.Environment(account=settings.account, region=settings.region)
    for name in settings.deployed_groups:
        GroupStack(
            app,
            StackName.of_group(name).of(environment),
            environment=environment,
            name=name,
            settings=settings,
            env=env,
            synthesizer=cdk.DefaultStackSynthesizer(qualifier=names.qualifier),
        )
    if settings.deploys_upgrade:
        UpgradeStack(
            app,
            StackName.UPGRADE.of(environment),
            environment=environment,
            settings=settings,
            bundle=bundle,
            env=env,
            synthesizer=cdk.DefaultStackSynthesizer(qualifier=names.qualifier),
        )
    finish(app, settings=settings, boundary_arn=names.boundary_arn)
    return app


def finish(app: cdk.App, *, settings: EnvironmentSettings, boundary_arn: str | None) -> None:
    """What both applications have: a boundary on every role, the environment's tags on all that takes them, and cdk-nag's checks."""
    if boundary_arn is not None:
        boundary = iam.ManagedPolicy.from_managed_policy_arn(app, "PermissionsBoundary", boundary_arn)
        iam.PermissionsBoundary.of(app).apply(boundary)
    for key, value in settings.tags.items():
        cdk.Tags.of(app).add(key, value)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))


def named_environment(app: cdk.App) -> tuple[str, EnvironmentSettings]:
    """The environment named by the context, and its settings. Raises BadInput."""
    environment = app.node.try_get_context("environment")
    if environment is None:
        raise BadInput("context environment is missing, allowed: cdk synth -c environment=NAME, a file of config/")
    return environment, load_settings(environment, Path(app.node.try_get_context("config") or CONFIG_DIRECTORY))


def run(main: Callable[[], None]) -> None:
    """Run an application; bad input is one line and exit code 2."""
    try:
        main()
    except BadInput as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        sys.exit(ExitCode.BAD_INPUT)


def main() -> None:
    """Synthesise the environment named by the context."""
    app = cdk.App()
    environment, settings = named_environment(app)
    bundle = Bundle(Path(app.node.try_get_context("bundle")))
    if not bundle.directory.is_dir():
        raise BadInput(f"{bundle.directory} is missing: `make bundle` builds what the functions run")
    build(app, environment=environment, settings=settings, bundle=bundle).synth()


if __name__ == "__main__":
    run(main)
