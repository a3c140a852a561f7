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
from uplift.settings.environment import EnvironmentSettings, GroupName, StackName
from uplift.settings.load import CONFIG_DIRECTORY, load_settings


def build(app: cdk.App, *, environment: str, settings: EnvironmentSettings, bundle: Bundle) -> cdk.App:
    """Put all stacks of one environment into `app`."""
    env = cdk.Environment(account=settings.account, region=settings.region)
    groups = [
        GroupStack(app, stack.of(environment), environment=environment, name=name, settings=settings, env=env)
        for name, stack in ((GroupName.APP_CACHE, StackName.APP_CACHE), (GroupName.SIDEKIQ, StackName.SIDEKIQ))
    ]
    upgrade = UpgradeStack(app, StackName.UPGRADE.of(environment), environment=environment, settings=settings, bundle=bundle, env=env)
    for group in groups:
        upgrade.add_stack_dependency(group, "its ingress rules need the groups' security groups")
    if settings.permissions_boundary_arn is not None:
        boundary = iam.ManagedPolicy.from_managed_policy_arn(app, "PermissionsBoundary", settings.permissions_boundary_arn)
        iam.PermissionsBoundary.of(app).apply(boundary)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return app


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
