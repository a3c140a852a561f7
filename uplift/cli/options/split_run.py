"""Options of `uplift split`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Optional

import typer

from uplift.cli.options.keymap_file import sound_keymap
from uplift.cli.options.redis_urls import source_endpoint, target_urls
from uplift.errors import BadInput
from uplift.keyspace.server.endpoint import parse_redis_url
from uplift.split.hooks.hook_command import hook_command
from uplift.split.pointer.pointer import Pointer, pointer_of
from uplift.split.run.request import SplitRequest

SplitStatePath = Annotated[Path, typer.Option("--state", help="The directory of the run, shared by its engines and its operators.")]
SplitTo = Annotated[list[str], typer.Option("--to", help="NAME=URL of a destination of the key map: app-cache and sidekiq.")]
WithoutStandby = Annotated[
    bool, typer.Option("--without-standby", help="Go without an engine that stands by: then a death of this one is a gap.")
]
OnGo = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--on-go", help="What is run once the pointer has turned, at go and at back; JSON on its standard input, no shell."),
]
OnGoSeconds = Annotated[float, typer.Option("--on-go-seconds", help="How long that may take.", min=1, max=3600)]
OnEvent = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--on-event", help="What is run for each event, JSON on its standard input; asked before go, it may say no."),
]
AllowClient = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--allow-client", help="A glob of a client's name or address that is none of the application's; may be given more than once."
    ),
]
QuietSeconds = Annotated[
    float, typer.Option("--quiet", help="So many seconds nobody may use a side before it counts as left.", min=1, max=86_400)
]
CronLate = Annotated[
    int,
    typer.Option(
        "--cron-late",
        help="So many seconds after its time a scheduler may still fire: 120 for sidekiq-cron, a few for sidekiq-scheduler.",
        min=2,
    ),
]
LeaveBehind = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option("--leave-behind", help="A pattern of keys of the new side that no rule describes, and that the way back leaves there."),
]


def split_request(source: str, targets: list[str], keymap: Path, databases: list[int] | None) -> SplitRequest:
    """What says where everything is; options of the engine are for the caller. Raises BadInput."""
    endpoint, chosen = source_endpoint(source, databases)
    urls = target_urls(targets, named=True)
    request = SplitRequest(endpoint, urls, sound_keymap(keymap), _pointer(source, targets), chosen)
    sidekiq = request.sidekiq
    _ = request.followed
    unknown = sorted({target.name for target in urls} ^ set(request.keymap.destinations))
    if unknown:
        raise BadInput(f"--to: {unknown[0]}, allowed: one for each destination of the key map: {', '.join(request.keymap.destinations)}")
    database = chosen[0] if chosen else 0
    if sidekiq.database not in {None, database}:
        raise BadInput(f"--to {sidekiq.name} names database {sidekiq.database}, and --from {database}: allowed: the same of both")
    return replace(request, database=database)


def _pointer(source: str, targets: list[str]) -> Pointer:
    """Of a run that has no name yet."""
    named = [text.partition("=") for text in targets]
    return pointer_of("0", parse_redis_url(source, "--from"), [(name, parse_redis_url(url, f"--to {name}")) for name, _, url in named])


def sound_hooks(on_go: str | None, on_event: str | None) -> None:
    """Return where both can be split into words. Raises BadInput."""
    for text, option in ((on_go, "--on-go"), (on_event, "--on-event")):
        if text is not None:
            hook_command(text, option)
