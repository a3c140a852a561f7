"""Runs the CDK CLI with its output and its questions passed through."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from uplift.cli.terminal.output import print_lines
from uplift.errors import ExitCode, UpliftError

CdkCommand = Annotated[Path, typer.Option("--cdk", help="The CDK CLI.")]
INSTALLED_CDK = Path("node_modules/.bin/cdk")


class CdkFailed(UpliftError):
    """The CDK CLI ended with an error; its own words are above."""

    code = "CdkFailed"


def run_cdk(command: list[str]) -> None:
    """Run one command of the CLI. Raises CdkFailed."""
    sys.stdout.flush()
    exit_code = subprocess.run(command, check=False).returncode  # noqa: S603
    if exit_code != 0:
        raise CdkFailed(f"cdk {command[1]} ended with exit code {exit_code}; mend what it says and run the same command again")


@contextmanager
def stopped_in_words() -> Iterator[None]:
    """Say what Ctrl-C means for what CloudFormation has begun, after what is inside has tidied up; exit code 1."""
    try:
        yield
    except KeyboardInterrupt:
        print_lines(["stopped: CloudFormation goes on with what it has begun; look there, then run the same command again"])
        raise typer.Exit(ExitCode.FAILED) from None
