"""Where one Redis node listens, and how a person writes that down: a redis:// or rediss:// URL."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from uplift.errors import BadInput

_SCHEMES = ("redis", "rediss")
_OTHER_SCHEMES = ("", "http", "https", "tcp", "unix", "redis+sentinel")
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUERY = ("ca", "server_name", "insecure", "password_env", "password_secret")
_DEFAULT_PORT = 6379
_MOST_DATABASES = 1_000_000
_MOST_DIGITS = 9
_LONGEST_NAME = 253
_ALLOWED = "redis://host:port/database"


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

    `password_env` names an environment variable, `password_secret` an ARN in Secrets Manager. Raises BadInput naming `option` and what
    is allowed. The message repeats a part of the URL only where no password can be in it: one with / ? # or @ that is not
    percent-encoded ends up in the host, the path or the query.
    """
    shown = _Shown(text)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise BadInput(f"{option}: no host or no port from 1 to 65535, allowed: {_ALLOWED}{shown.hint}") from None
    _refuse_scheme(parts.scheme, option, shown)
    if parts.fragment or "#" in text:
        raise BadInput(f"{option}: a # and something behind it, allowed: {_ALLOWED}{shown.hint}")
    if not parts.hostname:
        raise BadInput(f"{option}: no host, allowed: {_ALLOWED}{shown.hint}")
    if port == 0:
        raise BadInput(f"{option}: port 0, allowed: a port from 1 to 65535")
    _refuse_bad_name(parts.hostname, f"{option}: host", shown)
    query = _query(parts.query, option, shown)
    tls = parts.scheme == "rediss"
    if not tls and (wrong := sorted({"ca", "server_name", "insecure"} & query.keys())):
        raise BadInput(f"{option}: {wrong[0]} without TLS, allowed: only with rediss://")
    if query.get("insecure", "false") not in {"true", "false"}:
        raise BadInput(f"{option}: insecure={shown.part(query['insecure'])}, allowed: true or false{shown.hint}")
    ca_file = Path(query["ca"]) if "ca" in query else None
    if ca_file is not None and not _is_file(ca_file):
        raise BadInput(f"{option}: ca={shown.part(str(ca_file))}: no such file, allowed: a PEM file of authorities{shown.hint}")
    if "server_name" in query:
        _refuse_bad_name(query["server_name"], f"{option}: server_name", shown)
    endpoint = Endpoint(
        parts.hostname,
        port or _DEFAULT_PORT,
        tls,
        unquote(parts.password) if parts.password else None,
        unquote(parts.username or ""),
        ca_file,
        query.get("server_name"),
        query.get("insecure") == "true",
    )
    return RedisUrl(endpoint, _database(parts.path, option, shown), query.get("password_env"), query.get("password_secret"))


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a message may repeat of a URL: nothing where somebody may have written a password into it."""

    url: str = field(repr=False)

    @property
    def _may_hold_password(self) -> bool:
        return "@" in self.url

    def part(self, text: str) -> str:
        """A part of the URL in quotes, or words in its place."""
        return "(not shown)" if self._may_hold_password else repr(text[:40])

    @property
    def hint(self) -> str:
        """What to do where a password may have been cut into pieces."""
        return "; in a user name or password / ? # @ : and % are percent-encoded, such as %2F" if self._may_hold_password else ""


def _refuse_scheme(scheme: str, option: str, shown: _Shown) -> None:
    if scheme not in _SCHEMES:
        found = repr(scheme) if scheme in _OTHER_SCHEMES else "(not shown)"
        raise BadInput(f"{option}: scheme {found}, allowed: {_ALLOWED} or rediss:// for TLS{shown.hint}")


def _refuse_bad_name(name: str, what: str, shown: _Shown) -> None:
    """Names that the resolver or TLS would refuse with an error of their own: empty labels, labels above 63 letters, control characters."""
    try:
        if not name.isprintable() or " " in name:
            raise UnicodeError
        name.encode("idna")
        ok = bool(name) and not name.startswith(".") and len(name) <= _LONGEST_NAME
    except UnicodeError:
        ok = False
    if not ok:
        raise BadInput(f"{what} {shown.part(name)} is no name, allowed: a host name such as cache.example.com, or an address{shown.hint}")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _query(text: str, option: str, shown: _Shown) -> dict[str, str]:
    query = dict(parse_qsl(text, keep_blank_values=True))
    if "password_env" in query and not _ENVIRONMENT_NAME.fullmatch(query["password_env"]):
        found = shown.part(query["password_env"])
        raise BadInput(f"{option}: password_env={found}, allowed: the name of an environment variable{shown.hint}")
    unknown = sorted(query.keys() - set(_QUERY))
    if unknown:
        raise BadInput(f"{option}: unknown setting {shown.part(unknown[0])}, allowed: {', '.join(_QUERY)}{shown.hint}")
    return query


def _database(path: str, option: str, shown: _Shown) -> int | None:
    text = path.strip("/")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > _MOST_DIGITS or int(text) >= _MOST_DATABASES:
        raise BadInput(f"{option}: database {shown.part(text)}, allowed: a number from 0, such as /0{shown.hint}")
    return int(text)


def token_in(secret: str, name: str) -> str:
    """The AUTH token of a secret's text: the whole text, or its JSON field `token`. Raises BadInput naming the secret."""
    if not secret.startswith("{"):
        return secret
    try:
        return str(json.loads(secret)["token"])
    except (ValueError, KeyError):
        raise BadInput(f"{name}: its text is JSON without a field token, allowed: the token itself, or JSON with that field") from None
