"""Builds the folder the functions run from: hashed wheels for one interpreter, and our code. No Docker.

`python -m tools.bundle python3.12` for Lambda; `python -m tools.bundle here` for the interpreter that runs this,
which is what the rehearsal does.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
# Lambda's runtimes from python3.12 on are Amazon Linux 2023 with glibc 2.34.
_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
_OUR_CODE = ("engines", "settings", "keyspace", "inplace", "auth_token")
_NOT_NEEDED = ("bin", "__pycache__")


def bundle_folder(runtime: str) -> Path:
    """Where the bundle of one Lambda runtime lies; its name says which runtime that is."""
    return ROOT / "build" / "lambda" / runtime


def build(runtime: str, platform_options: list[str]) -> Path:
    """Fill the folder anew and return it. Raises CalledProcessError when a wheel is missing or its hash is another."""
    folder = bundle_folder(runtime)
    shutil.rmtree(folder, ignore_errors=True)
    install_wheels(ROOT / "requirements-lambda.txt", folder, platform_options)
    for name in _OUR_CODE:
        shutil.copytree(ROOT / "uplift" / name, folder / "uplift" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for module in ("__init__.py", "errors.py", "aws_calls.py", "answer_to_change.py"):
        shutil.copy(ROOT / "uplift" / module, folder / "uplift" / module)
    return folder


def install_wheels(requirements: Path, folder: Path, platform_options: list[str]) -> None:
    """Unpack the locked wheels into `folder` and drop what would make two builds differ."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-compile"]
    command += ["--only-binary=:all:", "--target", str(folder), *platform_options, "-r", str(requirements)]
    subprocess.run(command, check=True)  # noqa: S603
    for pattern in _NOT_NEEDED:
        for found in sorted(folder.rglob(pattern)):
            shutil.rmtree(found)


def main(wanted: str) -> None:
    """Build for Lambda's interpreter, or for the one that runs here together with what Lambda itself brings."""
    if wanted == "here":
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        build(f"python{version}", [])
        runtime_folder = ROOT / ".cache" / f"lambda-runtime-{version}"
        if not runtime_folder.exists():
            install_wheels(ROOT / "requirements-runtime.txt", runtime_folder, [])
        return
    version = wanted.removeprefix("python")
    build(wanted, [f"--platform={name}" for name in _PLATFORMS] + ["--python-version", version, "--implementation", "cp"])


if __name__ == "__main__":
    main(sys.argv[1])
