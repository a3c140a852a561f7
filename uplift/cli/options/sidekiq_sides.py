"""Options of `uplift sidekiq`: the old side and the new one, each one database of one server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Optional

import typer

from uplift.cli.options.redis_urls import URL_HELP, source_endpoint, target_urls
from uplift.errors import BadInput
from uplift.keyspace.server.endpoint import Endpoint

FromSide = Annotated[str, typer.Option("--from", help=f"The Redis whose jobs are to leave. {URL_HELP}")]
ToSide = Annotated[Optional[str], typer.Option("--to", help="The Redis that is to have them.")]  # noqa: UP045
Watch = Annotated[bool, typer.Option("--watch", help="Look again every 2 s, with rates, until Ctrl-C.")]


@dataclass(frozen=True, slots=True)
class Side:
    """`name`: `from` or `to`, as a person typed it."""

    name: str
    endpoint: Endpoint
    database: int


def side_from(url: str) -> Side:
    """--from. Raises BadInput."""
    endpoint, databases = source_endpoint(url, None)
    return Side("from", endpoint, databases[0] if databases else 0)


def side_to(url: str) -> Side:
    """--to. Raises BadInput."""
    target = target_urls([url], named=False)[0]
    return Side("to", target.endpoint, target.database or 0)


def both_sides(source: str, target: str) -> tuple[Side, Side]:
    """From --from and --to, with the same database. Raises BadInput."""
    here, there = side_from(source), side_to(target)
    if here.database != there.database:
        raise BadInput(f"--from names database {here.database}, and --to {there.database}: allowed: the same of both")
    return here, there
