"""A review of two assemblies of this app, against importing cfn-lint's schema module in the same run.

`.venv/bin/python -m bench.review`. Both are whole processes, started in turn, five times each; the figure is the ratio of the medians.
The two assemblies are prod's, synthesised once; head upgrades the app-cache group to 7.1 and moves the schedule. Exit 1 when the review
takes more than three times as long as the import. A pair in which every resource has other tags is printed beside it.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.review.conftest import edited, write_assembly
from tests.review.edits import UPGRADE, Templates, both, family, put
from tests.stacks.variants import synthesise
from uplift.settings.load import load_settings

_RUNS = 5
_MOST_TIMES = 3.0
_UNTAGGED = frozenset(
    {
        "AWS::CDK::Metadata",
        "AWS::EC2::SecurityGroupEgress",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Policy",
        "AWS::Route53::RecordSet",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::Subscription",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
        "AWS::Scheduler::Schedule",
    }
)


def _seconds(command: list[str], expected: int) -> float:
    began = time.perf_counter()
    ended = subprocess.run(command, capture_output=True, check=False)
    assert ended.returncode == expected, ended.stderr
    return time.perf_counter() - began


def main() -> int:
    """Print both medians and their ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        templates = dict(synthesise("prod", load_settings("prod"), folder).stacks)
        upgrade = both(put(EngineVersion="7.1"), family("redis7"), put("Schedule15669BF1", UPGRADE, State="ENABLED"))
        base = write_assembly(folder / "base", templates)
        head = write_assembly(folder / "head", edited(templates, upgrade))
        tagged = write_assembly(folder / "tagged", edited(templates, _tagged))
        review = [str(Path(sys.executable).with_name("uplift")), "review"]
        imported = [sys.executable, "-c", "import cfnlint.schema"]
        timed: dict[str, list[float]] = {"review": [], "tags": [], "import": []}
        for _ in range(_RUNS):
            timed["import"].append(_seconds(imported, 0))
            timed["review"].append(_seconds([*review, str(base), str(head)], 1))
            timed["tags"].append(_seconds([*review, str(base), str(tagged)], 0))
    medians: dict[str, Any] = {name: statistics.median(seconds) for name, seconds in timed.items()}
    times, of_tags = (medians[name] / medians["import"] for name in ("review", "tags"))
    print(f"resources compared: {sum(len(template['Resources']) for template in templates.values())}")
    print(f"import cfnlint.schema: {medians['import']:.2f} s (median of {_RUNS})")
    print(f"uplift review:         {medians['review']:.2f} s (median of {_RUNS}), {times:.2f} times the import, allowed {_MOST_TIMES}")
    print(f"  with new tags everywhere: {medians['tags']:.2f} s, {of_tags:.2f} times the import")
    return 0 if times <= _MOST_TIMES else 1


def _tagged(templates: Templates) -> None:
    """Another tag on every resource whose type has tags."""
    for template in templates.values():
        for one in template["Resources"].values():
            if one["Type"] not in _UNTAGGED:
                is_map = one["Type"] == "AWS::SSM::Parameter"
                one.setdefault("Properties", {})["Tags"] = {"team": "a"} if is_map else [{"Key": "team", "Value": "a"}]


if __name__ == "__main__":
    sys.exit(main())
