"""Approves what `uplift plan` says of legacy as it stands."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from rehearsal.run.local_cloud import LocalCloud


def approve_plan(cloud: LocalCloud, config: Path) -> None:
    """Write the plan's digest into the rehearsal's own settings. Raises RuntimeError where there is no plan."""
    done = cloud.uplift("plan", "rehearsal", "--config", str(config), "--json")
    if not done.stdout.startswith("{"):
        raise RuntimeError(f"uplift plan: {done.stderr.strip()}")
    path = config / "rehearsal.yaml"
    content = yaml.safe_load(path.read_text())
    content["upgrade"]["approved"] = {"plan": json.loads(done.stdout)["plan"], "by": "the rehearsal"}
    path.write_text(yaml.safe_dump(content))
