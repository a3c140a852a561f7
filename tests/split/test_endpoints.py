"""pointer.json, and what `uplift endpoints` makes of it for a script that starts a process of the application."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from uplift.errors import BadInput
from uplift.keyspace.server.endpoint import parse_redis_url
from uplift.split.pointer.pointer import Place, Pointer, Role, flipped, pointer_from, pointer_of, pointer_text
from uplift.split.pointer.role_urls import role_urls, url_of

UPLIFT = str(Path(sys.executable).parent / "uplift")
ODD_TOKEN = """a/b?c#d@e:f%g'h"i$(touch bad)`j` k\\l&m=n;ö"""


@pytest.fixture
def pointer(tmp_path: Path) -> Pointer:
    ca = tmp_path / "ca.pem"
    ca.write_text("-")
    source = parse_redis_url("redis://:secret-old@legacy.example.com:6380/2?password_env=OLD", "--from")
    cache = parse_redis_url(f"rediss://cache.example.com?password_env=TOKEN&ca={ca}&server_name=other.example.com", "--to app-cache")
    sidekiq = parse_redis_url("rediss://:secret-new@jobs.example.com/2", "--to sidekiq")
    return pointer_of("ab12cd34", source, [("app-cache", cache), ("sidekiq", sidekiq)])


@pytest.fixture
def state(tmp_path: Path, pointer: Pointer) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "pointer.json").write_text(pointer_text(pointer))
    return folder


def uplift_endpoints(state: Path, *more: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [UPLIFT, "endpoints", "--state", str(state), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin", **environment}, timeout=120)


def test_a_pointer_is_read_as_it_was_written_and_holds_no_password(pointer: Pointer, tmp_path: Path) -> None:
    text = pointer_text(pointer)
    assert pointer_from(text, "pointer.json") == pointer
    assert "secret" not in text
    document = json.loads(text)
    assert document["schema"] == "uplift.split.pointer/1"
    assert {key: document[key] for key in ("run", "version", "side")} == {"run": "ab12cd34", "version": 1, "side": "old"}
    assert document["roles"]["app-cache"] == {
        "variables": ["redis__app_data__url", "redis__rails_cache__url"],
        "old": {
            "host": "legacy.example.com",
            "port": 6380,
            "database": 2,
            "tls": False,
            "password_env": "OLD",
            "ca": None,
            "server_name": None,
        },
        "new": {
            "host": "cache.example.com",
            "port": 6379,
            "database": 2,
            "tls": True,
            "password_env": "TOKEN",
            "ca": str(tmp_path / "ca.pem"),
            "server_name": "other.example.com",
        },
    }
    assert document["roles"]["sidekiq"]["new"]["password_env"] is None


def test_a_flip_changes_one_value_and_counts(pointer: Pointer) -> None:
    there = flipped(pointer, "new")
    assert (there.side, there.version, there.roles) == ("new", 2, pointer.roles)
    assert flipped(there, "new") is there
    assert flipped(there, "old").version == 3


def test_what_a_pointer_cannot_say_is_refused() -> None:
    url = parse_redis_url("rediss://cache.example.com?insecure=true", "--to app-cache")
    with pytest.raises(BadInput, match=r"--to app-cache: insecure=true, allowed: "):
        pointer_of("ab12cd34", parse_redis_url("redis://legacy", "--from"), [("app-cache", url)])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("{", "the whole file: Invalid JSON"),
        ("[]", "the whole file"),
        ('{"schema": "uplift.split.pointer/2"}', "schema: Input should be 'uplift.split.pointer/1'"),
        ('"side": "both"', "side: Input should be 'old' or 'new'"),
        ('"port": 70000', "roles.app-cache.old.port: "),
        ('"port": "6380"', "roles.app-cache.old.port: "),
        ('"host": "a b"', "roles.app-cache.old.host: "),
        ('"host": "a\'; touch bad; \'"', "roles.app-cache.old.host: "),
        ('"redis__app_data__url$(x)"', "roles.app-cache.variables.0: "),
        ('"password": "x", "port": 6380', "roles.app-cache.old.password: Extra inputs"),
    ],
)
def test_a_damaged_pointer_names_the_file_the_field_and_what_is_allowed(pointer: Pointer, state: Path, change: str, said: str) -> None:
    text = pointer_text(pointer)
    before = {
        '"side"': '"side": "old"',
        '"port"': '"port": 6380',
        '"host"': '"host": "legacy.example.com"',
        '"password"': '"port": 6380',
        '"redis__app_data__url$(x)"': '"redis__app_data__url"',
    }.get(change.partition(":")[0])
    damaged = change if before is None else text.replace(before, change, 1)
    with pytest.raises(BadInput) as refused:
        pointer_from(damaged, "DIR/pointer.json")
    assert str(refused.value).startswith(f"DIR/pointer.json: {said}"), refused.value
    assert "allowed: a file that `uplift split run` wrote (uplift.split.pointer/1)" in str(refused.value)
    (state / "pointer.json").write_text(damaged)
    done = uplift_endpoints(state)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)


@pytest.mark.parametrize(
    ("place", "password", "url"),
    [
        (Place(host="h", port=1), None, "redis://h:1/0"),
        (Place(host="fe80::1", port=6379, database=3, tls=True), "p", "rediss://:p@[fe80::1]:6379/3"),
        (Place(host="h", port=1), "/ @:%", "redis://:%2F%20%40%3A%25@h:1/0"),
    ],
)
def test_urls(place: Place, password: str | None, url: str) -> None:
    assert url_of(place, password) == url
    assert parse_redis_url(url, "--from").endpoint.password == password


def test_a_role_of_another_name_has_a_variable_too() -> None:
    url = parse_redis_url("redis://h", "--to rack-attack")
    assert pointer_of("a", url, [("rack-attack", url)]).roles["rack-attack"].variables == ("redis__rack_attack__url",)


def test_env_lines_without_passwords_say_that_they_lack_them(state: Path) -> None:
    done = uplift_endpoints(state, OLD="not shown")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "redis__app_data__url=redis://legacy.example.com:6380/2",
        "redis__rails_cache__url=redis://legacy.example.com:6380/2",
        "redis__sidekiq__url=redis://legacy.example.com:6380/2",
    ]
    assert done.stderr.splitlines() == [
        "redis__app_data__url, redis__rails_cache__url: without its password, which is in $OLD: --with-passwords puts it in",
        "redis__sidekiq__url: without its password, which is in $OLD: --with-passwords puts it in",
    ]
    assert "not shown" not in done.stdout + done.stderr


def test_a_canary_process_asks_for_the_new_side_while_the_pointer_says_old(state: Path) -> None:
    done = uplift_endpoints(state, "--side", "new", "--format", "json", "--with-passwords", TOKEN="t")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert {key: document[key] for key in ("schema", "run", "version", "side")} == {
        "schema": "uplift.endpoints/1",
        "run": "ab12cd34",
        "version": 1,
        "side": "new",
    }
    assert document["roles"]["app-cache"] == {
        "side": "new",
        "host": "cache.example.com",
        "port": 6379,
        "database": 2,
        "tls": True,
        "url": "rediss://:t@cache.example.com:6379/2",
        "variables": ["redis__app_data__url", "redis__rails_cache__url"],
    }


def test_a_start_script_sources_the_lines_whatever_is_in_a_token(state: Path, pointer: Pointer, tmp_path: Path) -> None:
    (state / "pointer.json").write_text(pointer_text(flipped(pointer, "new")))
    script = tmp_path / "start.sh"
    script.write_text(
        'set -e\nlines=$("$UPLIFT" endpoints --state "$STATE" --format shell --with-passwords)\neval "$lines"\n'
        'exec "$PYTHON" -c "import os; print(os.environ[\'redis__app_data__url\'])"\n'
    )
    environment = {"PATH": "/usr/bin:/bin", "UPLIFT": UPLIFT, "STATE": str(state), "PYTHON": sys.executable, "TOKEN": ODD_TOKEN}
    done = subprocess.run(["sh", str(script)], capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    parts = urlsplit(done.stdout.strip())
    assert (parts.hostname, unquote(parts.password or "")) == ("cache.example.com", ODD_TOKEN)
    assert not (tmp_path / "bad").exists()


def test_env_lines_need_no_quotes_whatever_is_in_a_token(pointer: Pointer) -> None:
    for url in role_urls(pointer, "new", {"TOKEN": ODD_TOKEN}):
        assert not set(url.url) & set(" '\"\\$`#&;<>|(){}\n"), url.url


@pytest.mark.parametrize("environment", [{}, {"OLD": ""}])
def test_a_password_that_is_not_there_is_named(state: Path, environment: dict[str, str]) -> None:
    done = uplift_endpoints(state, "--with-passwords", **environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert "the environment variable OLD, which the pointer names for app-cache, is not set or empty" in done.stderr


def test_bad_input_is_one_line_and_2(state: Path, tmp_path: Path) -> None:
    no_text = tmp_path / "no-text"
    no_text.mkdir()
    (no_text / "pointer.json").write_bytes(b"\xff\xfe")
    for folder, more, said in [
        (state, ("--side", "both"), "--side both: allowed: old or new"),
        (tmp_path / "nowhere", (), "no pointer.json in it, allowed: the directory of a split that has begun"),
        (tmp_path, (), "no pointer.json in it"),
        (no_text, (), "allowed: a file that `uplift split run` wrote"),
    ]:
        done = uplift_endpoints(folder, *more)
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1), done.stderr
        assert said in done.stderr


def test_roles_need_a_variable() -> None:
    place = Place(host="h", port=1)
    with pytest.raises(ValueError, match="at least 1 item"):
        Role(variables=(), old=place, new=place)
