"""`uplift endpoints`: where the application's Redis is now, for a script that starts one of its processes."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Optional, assert_never

import typer

from uplift.cli.terminal.output import print_json, print_lines
from uplift.errors import BadInput
from uplift.split.pointer.pointer import Pointer, pointer_from, side_named
from uplift.split.pointer.role_urls import RoleUrl, env_lines, role_urls, shell_lines

_SCHEMA = "uplift.endpoints/1"


class Format(StrEnum):
    """How they are printed."""

    ENV = "env"
    JSON = "json"
    SHELL = "shell"


def endpoints(
    state: Annotated[Path, typer.Option("--state", help="The directory of the split: pointer.json in it is read.")],
    format_: Annotated[
        Format, typer.Option("--format", help="env: NAME=URL a line; shell: lines to source in sh; json: one document.")
    ] = Format.ENV,
    side: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--side", help="old or new, for a canary process [default: what the pointer says].", metavar="old|new"),
    ] = None,
    *,
    with_passwords: Annotated[
        bool, typer.Option("--with-passwords", help="Put the password into each URL, from the environment variable the pointer names.")
    ] = False,
) -> None:
    """Print the URL of each Redis the application uses now."""
    chosen = None if side is None else side_named(side, "--side")
    pointer = _pointer_in(state)
    urls = role_urls(pointer, chosen, os.environ if with_passwords else None)
    for url in urls:
        if url.lacks_password is not None:
            sys.stderr.write(
                f"{', '.join(url.variables)}: without its password, which is in ${url.lacks_password}: --with-passwords puts it in\n"
            )
    match format_:
        case Format.ENV:
            print_lines(env_lines(urls))
        case Format.SHELL:
            print_lines(shell_lines(urls))
        case Format.JSON:
            print_json(_document(pointer, urls))
        case _:
            assert_never(format_)


def _pointer_in(state: Path) -> Pointer:
    path = state / "pointer.json"
    try:
        text = path.read_text()
    except FileNotFoundError:
        raise BadInput(f"--state {state}: no pointer.json in it, allowed: the directory of a split that has begun") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise BadInput(f"{path}: {problem}, allowed: a file that `uplift split run` wrote") from None
    return pointer_from(text, str(path))


def _document(pointer: Pointer, urls: list[RoleUrl]) -> dict[str, object]:
    return {
        "schema": _SCHEMA,
        "run": pointer.run,
        "version": pointer.version,
        "side": urls[0].side,
        "roles": {
            url.role: {
                "side": url.side,
                "host": url.place.host,
                "port": url.place.port,
                "database": url.place.database,
                "tls": url.place.tls,
                "url": url.url,
                "variables": url.variables,
            }
            for url in urls
        },
    }
