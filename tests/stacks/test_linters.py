"""cfn-lint over every template, and cdk-nag over the synthesis."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# Each finding that stays, with its reason.
ACCEPTED = {
    "W3005": "a DependsOn that CDK writes beside a reference says the same twice",
}


@pytest.mark.long
@pytest.mark.parametrize("stack", ["UpliftProdAppCache", "UpliftProdSidekiq", "UpliftProdUpgrade"])
def test_cfn_lint_is_clean(templates: dict[str, dict[str, Any]], stack: str, tmp_path: Path) -> None:
    path = tmp_path / f"{stack}.json"
    path.write_text(json.dumps(templates[stack]))
    command = [str(Path(sys.executable).parent / "cfn-lint"), "--regions", "us-gov-west-1", "--format", "json"]
    command += ["--ignore-checks", *ACCEPTED, "--", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    findings = [f"{item['Rule']['Id']} {item['Message']}" for item in json.loads(done.stdout or "[]")]
    assert findings == []


def test_cdk_nag_found_nothing_that_is_not_acknowledged(assembly_folder: Path) -> None:
    report = json.loads((assembly_folder / "validation-report.json").read_text())
    (report_of_nag,) = [item for item in report["pluginReports"] if item["pluginName"] == "AwsSolutions"]
    assert [violation["ruleName"] for item in report["pluginReports"] for violation in item["violations"]] == []
    assert len(report_of_nag["suppressedViolations"]) > 0
    assert all(violation["reason"] for violation in report_of_nag["suppressedViolations"])
