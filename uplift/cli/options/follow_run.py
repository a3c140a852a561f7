"""Options of `uplift follow run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

KeyMapFile = Annotated[Path, typer.Option("--keymap", help="The key map, such as config/keyspace.yaml.")]
FollowTo = Annotated[list[str], typer.Option("--to", help="NAME=URL of a destination of the key map; one for each that is followed.")]
TwoWay = Annotated[bool, typer.Option("--two-way", help="Once in sync, also bring to the source what applications write to a target.")]
Authority = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--authority", help="source or target: who is right where nothing else decides [default: source]."),
]
StandsBy = Annotated[bool, typer.Option("--standby", help="Join a run whose engine lives elsewhere, and take over if that dies.")]
Until = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--until", help="in-sync: end with 0 once it is in sync [default: follow until it is told to end]."),
]
SourceLatency = Annotated[
    Optional[float],  # noqa: UP045
    typer.Option("--source-latency", help="ms that a foreign command may take on the source, p99 [default: 5]."),
]
