"""Runs the one command of `uplift` that COMMAND names, for the workflow `operate` and for whoever types `make operate`.

`python -m tools.operate`, with ENV, COMMAND and, where the command needs it, RUN or GROUP from the environment: no shell reads them. What
is missing or not allowed is one line and exit code 2; what the command does not need is not looked at, since a form sends all its fields.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

# What `uplift` is given; a field in braces is the variable of that name.
COMMANDS = {
    "status": "status {ENV}",
    "plan": "plan {ENV}",
    "report": "report {ENV} {RUN}",
    "snapshots": "snapshots {ENV}",
    "stop": "stop {ENV}",
    "recover": "recover {ENV} --run {RUN}",
    "delete-snapshots": "snapshots {ENV} --delete-due",
    "rotate-token": "rotate-token {ENV} {GROUP}",
    "finish-rotation": "rotate-token {ENV} {GROUP} --finish",
}
_FORMS = {
    "ENV": (re.compile(r"[a-z][a-z0-9-]*", re.ASCII), "the name of a file of config/, such as prod"),
    "COMMAND": (re.compile("|".join(COMMANDS)), ", ".join(COMMANDS)),
    "RUN": (re.compile(r"[0-9a-f]{10}", re.ASCII), "a run's id, ten hexadecimal digits, from its mail or `status`"),
    "GROUP": (re.compile("app-cache|sidekiq"), "app-cache, sidekiq"),
}


class NotAllowed(Exception):
    """A variable that is missing or holds something else than it may; the message is for a person."""


def arguments(variables: Mapping[str, str]) -> list[str]:
    """What `uplift` is to be given. Raises NotAllowed."""
    environment = _checked(variables, "ENV")
    wanted = COMMANDS[_checked(variables, "COMMAND")]
    needed = {name: _checked(variables, name) for name in ("RUN", "GROUP") if f"{{{name}}}" in wanted}
    return [word.format(ENV=environment, **needed) for word in wanted.split()]


def _checked(variables: Mapping[str, str], name: str) -> str:
    form, allowed = _FORMS[name]
    value = variables.get(name, "")
    if form.fullmatch(value) is None:
        raise NotAllowed(f"{name} is {repr(value) if value else 'missing'}, allowed: {allowed}")
    return value


if __name__ == "__main__":
    try:
        command = [str(Path(sys.executable).parent / "uplift"), *arguments(os.environ)]
    except NotAllowed as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        sys.exit(2)
    os.execv(command[0], command)  # noqa: S606
