"""Synthesises a git revision in a temporary worktree, offline, so that two revisions can be compared."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from uplift.errors import BadInput

_SYNTHESIS_SECONDS = 300
# What tools/bundle.py makes the functions' zip from.
_BUNDLED = (
    "uplift/engines",
    "uplift/settings",
    "uplift/keyspace",
    "uplift/inplace",
    "uplift/auth_token",
    "uplift/errors.py",
    "uplift/aws_calls.py",
    "requirements-lambda.txt",
)


class NotSynthesised(BadInput):
    """A revision's own code or settings refuse to be synthesised; its message is passed on."""

    code = "NotSynthesised"


@dataclass(frozen=True, slots=True)
class Revision:
    """One commit, what it was called, and the digest of its files."""

    name: str
    commit: str
    tree: str


def find_revision(name: str, repository: Path) -> Revision | None:
    """The commit a name stands for in the repository; None where it is none."""
    if name.startswith("-") or "\0" in name:
        return None
    found = _git(repository, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    if found.returncode != 0:
        return None
    commit = found.stdout.strip()
    return Revision(name, commit, _git(repository, "rev-parse", f"{commit}^{{tree}}").stdout.strip())


@contextmanager
def worktree(revision: Revision, repository: Path) -> Iterator[Path]:
    """The revision's files in a temporary folder, which is deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="uplift-review-") as folder:
        tree = Path(folder) / "tree"
        made = _git(repository, "worktree", "add", "--detach", "--quiet", str(tree), revision.commit)
        if made.returncode != 0:
            raise BadInput(f"{revision.name}: git worktree add failed: {' '.join(made.stderr.split())}")
        try:
            yield tree
        finally:
            _git(repository, "worktree", "remove", "--force", str(tree))


def lay_out_bundle(tree: Path) -> Path:
    """What stands for the functions' zip in a checked-out tree: their sources, so that the asset differs when they do."""
    # The folder's name says which runtime it is for.
    bundle = tree / ".review-bundle" / Path(_context(tree).get("bundle", "bundle")).name
    bundle.mkdir(parents=True)
    for part in _BUNDLED:
        source = tree / part
        if source.is_dir():
            shutil.copytree(source, bundle / part, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.is_file():
            shutil.copy(source, bundle / source.name)
    return bundle


def synthesise(tree: Path, bundle: Path, environment: str, output: Path, name: str) -> None:
    """Synthesise one environment of a checked-out tree into `output`.

    Raises NotSynthesised with the app's own last words, and BadInput where the CDK library is not installed.
    """
    if find_spec("aws_cdk") is None:
        raise BadInput(f"{name}: synthesising a revision needs the package aws_cdk, which is not installed: pip install 'uplift[aws]'")
    done = _run_app(tree, output, _context(tree) | {"environment": environment, "bundle": str(bundle)})
    if done.returncode != 0 or not (output / "manifest.json").is_file():
        words = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith(("b'!", "!!"))]
        raise NotSynthesised(f"{name}: {environment} cannot be synthesised: {words[-1].strip() if words else 'no message'}")


def _context(tree: Path) -> dict[str, str]:
    context: dict[str, str] = json.loads((tree / "cdk.json").read_text(encoding="utf-8")).get("context", {})
    return context


def _run_app(tree: Path, output: Path, context: dict[str, str]) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "CDK_OUTDIR": str(output),
        "CDK_CONTEXT_JSON": json.dumps(context),
        "PYTHONPATH": str(tree),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run(
        [sys.executable, "app.py"], cwd=tree, env=environment, capture_output=True, text=True, timeout=_SYNTHESIS_SECONDS, check=False
    )


def _git(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", "-C", str(repository), *arguments], capture_output=True, text=True, check=False)  # noqa: S603, S607
