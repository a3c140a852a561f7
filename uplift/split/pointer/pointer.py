"""pointer.json: which side each role of the application uses. A switch changes one value of it, `side`.

It never holds a password: only the name of the environment variable in which whoever reads it finds one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from uplift.errors import BadInput
from uplift.keyspace.server.endpoint import RedisUrl

_Schema = Literal["uplift.split.pointer/1"]
SCHEMA: _Schema = "uplift.split.pointer/1"
SideName = Literal["old", "new"]
SIDES: tuple[SideName, ...] = ("old", "new")
VARIABLES = {"app-cache": ("redis__app_data__url", "redis__rails_cache__url"), "sidekiq": ("redis__sidekiq__url",)}
"""By role, the environment variables in which vets-api looks for the URL (config gem: `redis.app_data.url` of its settings)."""

_Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
# What a URL or a line of sh would understand as something else than a name.
_Host = Annotated[str, Field(pattern=r"""^[^\s\x00-\x20\x7f'"\\$`#@/?%&;<>|(){}]+$""")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Place(_Strict):
    """One database of one server. `password_env` names an environment variable; `ca` is the path of a PEM file."""

    host: _Host
    port: Annotated[int, Field(ge=1, le=65_535)]
    database: Annotated[int, Field(ge=0)] = 0
    tls: bool = False
    password_env: _Variable | None = None
    ca: str | None = None
    server_name: str | None = None


class Role(_Strict):
    """What the application uses a Redis for: the environment variables in which it looks for its URL, and where it is on each side."""

    variables: Annotated[tuple[_Variable, ...], Field(min_length=1)]
    old: Place
    new: Place

    def on(self, side: SideName) -> Place:
        """Where it is on a side."""
        return self.old if side == "old" else self.new


class Pointer(_Strict):
    """The whole file. `run` is the split's name; `version` grows with every change."""

    schema_name: _Schema = Field(default=SCHEMA, alias="schema")
    run: Annotated[str, Field(pattern="^[0-9a-z]{1,32}$")]
    version: Annotated[int, Field(ge=1)] = 1
    side: SideName = "old"
    roles: Annotated[dict[str, Role], Field(min_length=1)]


def pointer_of(run: str, source: RedisUrl, targets: Iterable[tuple[str, RedisUrl]]) -> Pointer:
    """The first pointer of a run, to the old side. `targets`: the name of each role, and where it is on the new side.

    Of credentials only the names of environment variables are taken over. A target whose URL names no database has the old side's: keys
    keep their database. Raises BadInput for a host that nobody could write into a URL, and for `insecure`, which a pointer cannot say.
    """
    roles = {}
    for name, url in targets:
        where = f"--to {name}"
        roles[name] = Role(
            variables=VARIABLES.get(name) or (f"redis__{name.replace('-', '_')}__url",),
            old=_place(source, "--from", source.database or 0),
            new=_place(url, where, (source.database or 0) if url.database is None else url.database),
        )
    return Pointer(run=run, roles=roles)


def _place(url: RedisUrl, where: str, database: int) -> Place:
    endpoint = url.endpoint
    if endpoint.insecure:
        raise BadInput(
            f"{where}: insecure=true, allowed: a certificate that can be checked (ca=FILE, server_name=NAME): applications check it"
        )
    try:
        return Place(
            host=endpoint.host,
            port=endpoint.port,
            database=database,
            tls=endpoint.tls,
            password_env=url.password_environment,
            # Applications are started elsewhere: a relative path would mean another file there.
            ca=str(Path(endpoint.ca_file).absolute()) if endpoint.ca_file else None,
            server_name=endpoint.server_name,
        )
    except ValidationError:
        raise BadInput(
            f"{where}: host {endpoint.host!r}, allowed: a name or an address without spaces and without signs of a shell"
        ) from None


def flipped(pointer: Pointer, side: SideName) -> Pointer:
    """The next version, which points to `side`; the same one where it points there already."""
    if pointer.side == side:
        return pointer
    return pointer.model_copy(update={"side": side, "version": pointer.version + 1})


def pointer_text(pointer: Pointer) -> str:
    """As it is written."""
    return json.dumps(pointer.model_dump(mode="json", by_alias=True), indent=2) + "\n"


def pointer_from(text: str, place: str) -> Pointer:
    """Read the file's text. Raises BadInput naming `place` (the file), the field, and what is allowed."""
    try:
        return Pointer.model_validate_json(text)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"])) or "the whole file"
        raise BadInput(f"{place}: {field}: {first['msg']}, allowed: a file that `uplift split run` wrote ({SCHEMA})") from None


def side_named(text: str, option: str) -> SideName:
    """The side a person names. Raises BadInput naming `option`."""
    for side in SIDES:
        if text == side:
            return side
    raise BadInput(f"{option} {text}: allowed: {' or '.join(SIDES)}")
