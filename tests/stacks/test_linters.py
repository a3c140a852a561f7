"""cfn-lint and cdk-nag over every template, of every environment and with each switch on and off."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stacks.variants import Synthesised, each_way, named

# Each finding that stays, with its reason.
ACCEPTED = {
    "W3005": "a DependsOn that CDK writes beside a reference says the same twice",
}


@pytest.mark.long
def test_cfn_lint_is_clean(synthesised: Callable[[str], Synthesised], tmp_path: Path) -> None:
    """All in one process, each text once: many variants share a stack."""
    texts = {path.read_text(): f"{name} {path.name}" for name in each_way() for path in synthesised(name).paths}
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.json").write_text(text)
    command = [str(Path(sys.executable).parent / "cfn-lint"), "--regions", "us-gov-west-1", "--format", "json"]
    done = subprocess.run(
        [*command, "--ignore-checks", *ACCEPTED, "--", str(tmp_path / "*.json")], capture_output=True, text=True, check=False
    )
    origins = list(texts.values())
    findings = [
        f"{origins[int(Path(item['Filename']).stem)]}: {item['Rule']['Id']} {item['Message']}" for item in json.loads(done.stdout or "[]")
    ]
    assert findings == [], done.stderr


@pytest.mark.parametrize("name", named())
def test_cdk_nag_found_nothing_that_is_not_acknowledged(synthesised: Callable[[str], Synthesised], name: str) -> None:
    assert synthesised(name).findings == []


def test_every_accepted_finding_has_its_reason(synthesised: Callable[[str], Synthesised]) -> None:
    report = json.loads((synthesised("prod").folder / "stacks" / "validation-report.json").read_text())
    (of_nag,) = [item for item in report["pluginReports"] if item["pluginName"] == "AwsSolutions"]
    assert len(of_nag["suppressedViolations"]) > 0
    assert all(violation["reason"] for violation in of_nag["suppressedViolations"])
