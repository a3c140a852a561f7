"""--from and --to: URLs, and the passwords that are looked up in the environment or in Secrets Manager."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Optional

import typer

from uplift.cli.options.keymap_file import sound_keymap
from uplift.errors import BadInput
from uplift.keyspace.keymap.model import one_target_takes_all
from uplift.keyspace.server.endpoint import Endpoint, RedisUrl, parse_redis_url, token_in
from uplift.keyspace.server.source_and_targets import Scope, TargetUrl

URL_HELP = (
    "redis://host:port/database, rediss:// for TLS; ?ca=FILE, server_name=NAME, insecure=true, "
    "password_env=NAME (environment variable) or password_secret=ARN (Secrets Manager)."
)
From = Annotated[str, typer.Option("--from", help=f"The Redis that is read. {URL_HELP}")]
OptionalFrom = Annotated[Optional[str], typer.Option("--from", help=f"The Redis that is read. {URL_HELP}")]  # noqa: UP045
To = Annotated[list[str], typer.Option("--to", help="NAME=URL of a destination of the key map; a URL alone where there is no key map.")]
Databases = Annotated[list[int] | None, typer.Option("--db", help="A database; may be given more than once [default: all that hold keys].")]
Only = Annotated[Optional[list[str]], typer.Option("--only", help="A rule of the key map; may be given more than once.")]  # noqa: UP045
Exclude = Annotated[Optional[list[str]], typer.Option("--exclude", help="A rule to leave out; may be given more than once.")]  # noqa: UP045
ClockTolerance = Annotated[int, typer.Option(help="How far the servers' clocks may differ, in ms.", min=0)]
KeysASecond = Annotated[int, typer.Option("--throttle", help="At most so many keys a second [default: no limit].", min=0)]
WholeBytes = Annotated[
    int,
    typer.Option(help="What one DUMP of a big key that cannot be read in pieces may take, in bytes; it holds the source meanwhile.", min=0),
]
BytesASecond = Annotated[int, typer.Option("--throttle-bytes", help="At most so many bytes of values a second [default: no limit].", min=0)]

ONE_TARGET = "target"
_TARGET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def scope_of(
    source: str,
    targets: list[str],
    keymap: Path | None,
    databases: list[int] | None,
    only: list[str] | None,
    exclude: list[str] | None,
    clock_tolerance: int,
) -> Scope:
    """What copy and verify are asked to work on. Raises BadInput for whatever cannot be used."""
    endpoint, chosen = source_endpoint(source, databases)
    urls = target_urls(targets, named=keymap is not None)
    read = sound_keymap(keymap) if keymap else one_target_takes_all(urls[0].name)
    # In one order, so that one copy is one copy however its options were typed.
    wanted, unwanted = tuple(sorted(set(only or ()))), tuple(sorted(set(exclude or ())))
    return Scope(endpoint, urls, read, tuple(sorted(set(chosen))), wanted, unwanted, clock_tolerance)


def source_endpoint(url: str, databases: list[int] | None) -> tuple[Endpoint, tuple[int, ...]]:
    """The source, and the databases chosen by its path or by --db. Raises BadInput when both name some."""
    parsed = parse_redis_url(url, "--from")
    if parsed.database is not None and databases:
        raise BadInput(f"--from names database {parsed.database} and --db {databases[0]}: allowed: one of them")
    chosen = (parsed.database,) if parsed.database is not None else tuple(databases or ())
    return _with_password(parsed, "--from"), chosen


def target_urls(texts: list[str], *, named: bool) -> tuple[TargetUrl, ...]:
    """The targets. Raises BadInput for one without a name where names are needed, and for a name that was given twice."""
    targets: list[TargetUrl] = []
    for text in texts:
        name, separator, url = text.partition("=")
        if not separator or "://" in name:
            name, url = ONE_TARGET, text
            if named:
                raise BadInput("--to has no name, allowed: NAME=URL, where NAME is a destination of the key map")
        if not _TARGET_NAME.fullmatch(name):
            # What stands before a = may be a piece of a password.
            raise BadInput("--to: no name before =, allowed: NAME=URL, where NAME is of letters, digits, - and _")
        # Without its scheme the whole text may be a URL, and what stands before a = a piece of its password.
        option = f"--to {name}" if url.startswith(("redis://", "rediss://")) else "--to"
        parsed = parse_redis_url(url, option)
        if any(target.name == name for target in targets):
            raise BadInput(f"--to {name} was given twice, allowed: once for each destination")
        targets.append(TargetUrl(name, _with_password(parsed, f"--to {name}"), parsed.database))
    if not named and len(targets) != 1:
        raise BadInput(f"--to names {len(targets)} targets without a key map, allowed: one, or --keymap FILE")
    return tuple(targets)


def _with_password(url: RedisUrl, option: str) -> Endpoint:
    if url.password_environment is not None:
        password = os.environ.get(url.password_environment)
        if password is None:
            raise BadInput(f"{option}: password_env={url.password_environment}: no such environment variable")
        return replace(url.endpoint, password=password)
    if url.password_secret is not None:
        return replace(url.endpoint, password=_secret(url.password_secret, option))
    return url.endpoint


def _secret(arn: str, option: str) -> str:
    # Whoever has no AWS has no boto3: the same command works with any Redis.
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError
    except ModuleNotFoundError:
        raise BadInput(f"{option}: password_secret needs the package boto3, which is not installed: pip install 'uplift[aws]'") from None
    try:
        text = str(boto3.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    except (ClientError, BotoCoreError) as problem:
        raise BadInput(f"{option}: password_secret cannot be read: {problem}") from None
    return token_in(text, f"{option}: password_secret")
