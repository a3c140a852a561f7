"""The pipeline's rights as an administrator sets them up: the real `cdk deploy` of pipeline.py, then the real bootstrap with its policies."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from tests.deploy.conftest import Pipeline
from uplift.settings.load import load_settings

# Last of all: from here on, what deploys has these rights and no others.
pytestmark = [pytest.mark.cloud, pytest.mark.changes_stacks(3)]
_STACK = "UpliftRehearsalPipeline"


def _cdk(pipeline: Pipeline, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**pipeline.cloud.environment, "CI": "true", "NODE_NO_WARNINGS": "1"}
    application = ["--app", ".venv/bin/python pipeline.py", "-c", "environment=rehearsal", "--output", str(pipeline.folder / "rights.out")]
    command = [str(pipeline.installed_tools.cdk), *arguments, *application]
    return subprocess.run(command, cwd=pipeline.installed_tools.root, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def outputs(pipeline: Pipeline) -> dict[str, str]:
    done = _cdk(pipeline, "deploy", "--require-approval", "never")
    assert done.returncode == 0, done.stdout + done.stderr
    stack = pipeline.cloud.client("cloudformation").describe_stacks(StackName=_STACK)["Stacks"][0]
    assert stack["EnableTerminationProtection"] is True
    return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}


def test_the_bootstrap_takes_its_policies_in_place_of_an_administrators(pipeline: Pipeline, outputs: dict[str, str]) -> None:
    settings = load_settings("rehearsal")
    arns = outputs["ExecutionPolicyArns"]
    done = _cdk(pipeline, "bootstrap", f"aws://{settings.account}/{settings.region}", "--cloudformation-execution-policies", arns)
    assert done.returncode == 0, done.stdout + done.stderr
    parameters: Any = pipeline.cloud.client("cloudformation").describe_stacks(StackName="CDKToolkit")["Stacks"][0]["Parameters"]
    (policies,) = [one["ParameterValue"] for one in parameters if one["ParameterKey"] == "CloudFormationExecutionPolicies"]
    assert policies == arns
    assert "AdministratorAccess" not in policies


def test_the_boundary_has_the_arn_that_settings_can_write_down(pipeline: Pipeline, outputs: dict[str, str]) -> None:
    assert outputs["BoundaryArn"] == "arn:aws-us-gov:iam::123456789012:policy/uplift/UpliftRehearsal-boundary"
    found = pipeline.cloud.client("iam").get_policy(PolicyArn=outputs["BoundaryArn"])["Policy"]
    assert found["PolicyName"] == "UpliftRehearsal-boundary"
