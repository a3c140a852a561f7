"""What a start script needs of a pointer: a URL for each of the application's variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from uplift.errors import BadInput
from uplift.split.pointer.pointer import Place, Pointer, SideName


@dataclass(frozen=True, slots=True)
class RoleUrl:
    """Where one role is now. `url` holds a password where one was asked for; `lacks_password` names the variable of one that was not."""

    role: str
    variables: tuple[str, ...]
    side: SideName
    place: Place
    url: str
    lacks_password: str | None


def role_urls(pointer: Pointer, side: SideName | None, passwords: Mapping[str, str] | None) -> list[RoleUrl]:
    """By role, on the side the pointer says, or on `side`. `passwords`: an environment to look them up in; None: URLs without.

    Raises BadInput naming the variable that is missing or empty.
    """
    chosen = side or pointer.side
    found = []
    for name, role in pointer.roles.items():
        place = role.on(chosen)
        password = None if passwords is None else _password(place, name, passwords)
        lacks = place.password_env if password is None else None
        found.append(RoleUrl(name, role.variables, chosen, place, url_of(place, password), lacks))
    return found


def _password(place: Place, role: str, environment: Mapping[str, str]) -> str | None:
    if place.password_env is None:
        return None
    if not (password := environment.get(place.password_env)):
        raise BadInput(
            f"--with-passwords: the environment variable {place.password_env}, which the pointer names for {role}, is not set or empty, "
            "allowed: the token of that server in it"
        )
    return password


def url_of(place: Place, password: str | None) -> str:
    """`redis[s]://[:password@]host:port/database`. Every sign of the password that means something to a URL is percent-encoded."""
    scheme = "rediss" if place.tls else "redis"
    host = f"[{place.host}]" if ":" in place.host else place.host
    credentials = "" if password is None else f":{quote(password, safe='')}@"
    return f"{scheme}://{credentials}{host}:{place.port}/{place.database}"


def env_lines(urls: list[RoleUrl]) -> list[str]:
    """`NAME=URL`, as an env file of a container or of systemd has them: nothing in them needs quotes."""
    return [f"{variable}={url.url}" for url in urls for variable in url.variables]


def shell_lines(urls: list[RoleUrl]) -> list[str]:
    """`export NAME='URL'`, to be sourced by any sh."""
    return [f"export {variable}={_quoted(url.url)}" for url in urls for variable in url.variables]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
