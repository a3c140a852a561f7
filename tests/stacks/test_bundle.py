"""The bundle: the same bytes twice, nothing of this machine in it, and a synthesis that does not depend on the run."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from rehearsal.run.installed_tools import InstalledTools


def _fingerprint(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def test_the_bundle_holds_our_code_and_no_compiled_leftovers(installed_tools: InstalledTools) -> None:
    names = set(_fingerprint(installed_tools.bundle))
    assert "uplift/inplace/steps/control_handler.py" in names
    assert "uplift/keyspace/census/census.py" in names
    assert not any(name.endswith(".pyc") or name.startswith(("uplift/cli", "rehearsal", "boto3")) for name in names)


def test_the_bundled_code_is_the_code_of_this_tree(installed_tools: InstalledTools) -> None:
    for path in (installed_tools.bundle / "uplift").rglob("*.py"):
        assert path.read_bytes() == (installed_tools.root / path.relative_to(installed_tools.bundle)).read_bytes(), path


def test_every_handler_finds_all_it_imports_in_the_bundle(installed_tools: InstalledTools) -> None:
    """With the bundle and Lambda's own packages alone; a module that was moved is missed here, not at night."""
    handlers = ("uplift.inplace.steps.control_handler", "uplift.inplace.steps.data_handler", "uplift.inplace.recovery.handler")
    program = f"import sys; sys.path += {[str(installed_tools.bundle), str(installed_tools.runtime_folder)]}; import {', '.join(handlers)}"
    done = subprocess.run(
        [sys.executable, "-B", "-I", "-S", "-c", program],
        env={"AWS_DEFAULT_REGION": "us-gov-west-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_settings_reach_the_functions_in_the_same_order_every_time(installed_tools: InstalledTools) -> None:
    """Sets have no order of their own: another hash seed must not be another template."""
    code = (
        "from uplift.inplace.records.run_settings import RunSettings; from uplift.settings.load import load_settings;"
        "print(RunSettings.of('rehearsal', load_settings('rehearsal'), parameter_group='p').model_dump_json())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=installed_tools.root,
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2", "3")
    }
    assert len(outputs) == 1
