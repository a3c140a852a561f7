"""Keeps what synthesising a revision gave, in the user's cache folder: the same files under the same tools give the same assembly."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from uplift.errors import BadInput
from uplift.review.templates.assembly import read_assembly
from uplift.review.templates.template import Assembly

_KEPT = 20
# A process that died while it made an entry leaves it behind; a synthesis takes minutes at most.
_ABANDONED_SECONDS = 3600
_MAKING = "making-"
_DIGEST = "digest"
_DECIDING = ("aws-cdk-lib", "constructs", "cdk-nag", "jsii", "pydantic", "PyYAML")


def cache_folder() -> Path | None:
    """Where assemblies are kept; None where the user has no folder of their own."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    try:
        # The specification of XDG says that a relative path is to be ignored.
        home = Path(given) if Path(given).is_absolute() else Path.home() / ".cache"
    except RuntimeError:
        return None
    return home / "uplift" / "assemblies"


def cache_key(tree: str, environment: str) -> str:
    """One name for all that decides an assembly: the revision's files, the environment, Python and the packages that synthesise."""
    deciding = {"tree": tree, "environment": environment, "python": sys.version, **{name: _version(name) for name in _DECIDING}}
    return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


class AssemblyCache:
    """The newest assemblies by key, in one folder; without a folder nothing is kept. Two processes may use it at once."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def read_or_make(self, key: str, make: Callable[[Path], None], otherwise: Path) -> Assembly:
        """The assembly kept under a key, or what `make` writes into a new folder: `otherwise`, where nothing can be kept."""
        kept = self._read(key)
        if kept is not None:
            return kept
        making = self._new_folder()
        try:
            make(making or otherwise)
            made = read_assembly(making or otherwise)
            if making is not None:
                self._keep(making, key)
        finally:
            if making is not None:
                shutil.rmtree(making, ignore_errors=True)
        return made

    def _read(self, key: str) -> Assembly | None:
        """An entry is used when it is as it was written, and made again when it is not."""
        if self._folder is None:
            return None
        entry = self._folder / key
        try:
            if (entry / _DIGEST).read_text(encoding="utf-8") != _digest(entry):
                return None
            assembly = read_assembly(entry)
            os.utime(entry)
        except (BadInput, OSError, UnicodeDecodeError):
            return None
        return assembly

    def _new_folder(self) -> Path | None:
        if self._folder is None:
            return None
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return Path(tempfile.mkdtemp(prefix=_MAKING, dir=self._folder))
        except OSError:
            return None

    def _keep(self, made: Path, key: str) -> None:
        """Complete it, then rename it: nobody ever sees half an entry. A folder that takes nothing more does no harm."""
        if self._folder is None:
            return
        try:
            (made / _DIGEST).write_text(_digest(made), encoding="utf-8")
            entry = self._folder / key
            if self._read(key) is None:
                shutil.rmtree(entry, ignore_errors=True)
            # Where another process was quicker this fails, and its entry is as good.
            made.rename(entry)
            self._forget_old()
        except OSError:
            return

    def _forget_old(self) -> None:
        if self._folder is None:
            return
        newest = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        entries = [path for path in newest if not path.name.startswith(_MAKING)]
        long_ago = time.time() - _ABANDONED_SECONDS
        abandoned = [path for path in newest if path.name.startswith(_MAKING) and path.stat().st_mtime < long_ago]
        for path in [*entries[_KEPT:], *abandoned]:
            shutil.rmtree(path, ignore_errors=True)


def _digest(assembly: Path) -> str:
    """Of what a review reads: the manifest and every template. Raises OSError where the manifest is missing."""
    digest = hashlib.sha256((assembly / "manifest.json").read_bytes())
    for path in sorted(assembly.rglob("*.template.json")):
        digest.update(path.relative_to(assembly).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
