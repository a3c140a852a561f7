"""Where one Redis node listens, and how a person writes that down: a redis:// or rediss:// URL."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from uplift.errors import BadInput

_SCHEMES = ("redis", "rediss")
_QUERY = ("ca", "server_name", "insecure", "password_env", "password_secret")
_DEFAULT_PORT = 6379
_MOST_DATABASES = 1_000_000


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one node listens. `password` never appears in a repr, a log or an error.

    `username` stays empty below Redis 6, where AUTH takes one argument. `ca_file` and `server_name` are None for the system's
    authorities and the host itself; `insecure` switches the check of the certificate off. `address` pins the node that `host` stood for
    when it was first looked up: a name can lead elsewhere soon after.
    """

    host: str
    port: int
    tls: bool = False
    password: str | None = field(default=None, repr=False)
    username: str = ""
    ca_file: Path | None = None
    server_name: str | None = None
    insecure: bool = False
    address: str | None = None

    def __str__(self) -> str:
        """The address alone."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """A URL as written: the endpoint, the database of its path (None: not said), and where a password is to be looked up."""

    endpoint: Endpoint
    database: int | None
    password_environment: str | None
    password_secret: str | None


def parse_redis_url(text: str, option: str) -> RedisUrl:
    """Read `redis[s]://[user:password@]host[:port][/database][?ca=FILE&server_name=NAME&insecure=true&password_env=NAME]`.

    `password_env` names an environment variable, `password_secret` an ARN in Secrets Manager. Raises BadInput naming `option`,
    what was found and what is allowed; the message never repeats the URL, since it may hold a password.
    """
    try:
        parts = urlsplit(text)
        port = parts.port or _DEFAULT_PORT
    except ValueError as problem:
        raise BadInput(f"{option}: {problem}, allowed: a port from 1 to 65535") from None
    if parts.scheme not in _SCHEMES:
        raise BadInput(f"{option}: scheme {parts.scheme!r}, allowed: redis://host:port/database or rediss:// for TLS")
    if not parts.hostname:
        raise BadInput(f"{option}: no host, allowed: redis://host:port/database")
    query = _query(parts.query, option)
    tls = parts.scheme == "rediss"
    if not tls and (wrong := sorted({"ca", "server_name", "insecure"} & query.keys())):
        raise BadInput(f"{option}: {wrong[0]} without TLS, allowed: only with rediss://")
    insecure = query.get("insecure", "false")
    if insecure not in {"true", "false"}:
        raise BadInput(f"{option}: insecure={insecure}, allowed: true or false")
    ca_file = Path(query["ca"]) if "ca" in query else None
    if ca_file is not None and not ca_file.is_file():
        raise BadInput(f"{option}: ca={ca_file}: no such file, allowed: a PEM file of authorities")
    endpoint = Endpoint(
        parts.hostname,
        port,
        tls,
        unquote(parts.password) if parts.password else None,
        unquote(parts.username or ""),
        ca_file,
        query.get("server_name"),
        insecure == "true",
    )
    return RedisUrl(endpoint, _database(parts.path, option), query.get("password_env"), query.get("password_secret"))


def _query(text: str, option: str) -> dict[str, str]:
    query = dict(parse_qsl(text, keep_blank_values=True))
    unknown = sorted(query.keys() - set(_QUERY))
    if unknown:
        raise BadInput(f"{option}: unknown setting {unknown[0]!r}, allowed: {', '.join(_QUERY)}")
    return query


def _database(path: str, option: str) -> int | None:
    text = path.strip("/")
    if not text:
        return None
    if not text.isdecimal() or int(text) >= _MOST_DATABASES:
        raise BadInput(f"{option}: database {text[:20]!r}, allowed: a number from 0, such as /0")
    return int(text)


def token_in(secret: str, name: str) -> str:
    """The AUTH token of a secret's text: the whole text, or its JSON field `token`. Raises BadInput naming the secret."""
    if not secret.startswith("{"):
        return secret
    try:
        return str(json.loads(secret)["token"])
    except (ValueError, KeyError):
        raise BadInput(f"{name}: its text is JSON without a field token, allowed: the token itself, or JSON with that field") from None
