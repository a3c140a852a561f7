"""Whatever stands in a file: it is read as it stands there, or one line says where it cannot be."""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import yaml

from tests.draws import DRAWS
from uplift.cli.main import run
from uplift.errors import BadInput
from uplift.keyspace.keymap.file import load_keymap
from uplift.review.acknowledgements import load_acknowledgements
from uplift.review.templates.assembly import read_assembly
from uplift.settings.load import load_settings
from uplift.strict_yaml import MOST_ALIASES, MOST_BYTES, MOST_DEPTH, YamlProblem, parse_yaml, read_yaml

_RULE = "{name: r, match: {prefix: p}, to: a, source: s, reason: r}"
_MAP = f"version: 1\ndestinations: [a]\nrules: [{_RULE}]\n"
_BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 9)
)

# What is wrong, the text, and what the line says.
REFUSED: list[tuple[str, bytes, str]] = [
    ("a top-level key twice", _MAP.encode() + b"rules: []\n", "line 4: 'rules' was given twice, first in line 3"),
    ("match twice", _MAP.replace("to: a", "match: {prefix: q}, to: a").encode(), "line 3: 'match' was given twice, first in line 3"),
    ("to twice", _MAP.replace("source", "to: b, source").encode(), "line 3: 'to' was given twice"),
    ("the same key in other writing", b'a: 1\n"a": 2\n', "line 2: 'a' was given twice"),
    ("a date that does not exist", _MAP.replace("prefix: p", "prefix: 2020-13-45").encode(), "line 3: '2020-13-45' is no date"),
    ("no int", b"a: !!int x", "line 1: 'x' is no whole number"),
    ("no bool", b"a: !!bool x", "line 1: 'x' is no true or false"),
    ("no float", b"a: !!float x", "line 1: 'x' is no number"),
    ("no timestamp", b"a: !!timestamp x", "line 1: 'x' is no date"),
    ("a set", b"a: !!set {x, y}", "line 1: the tag '!!set' is not allowed"),
    ("an ordered map", b"a: !!omap [x: 1]", "the tag '!!omap' is not allowed"),
    ("a Python object", b"a: !!python/object/apply:os.system [x]", "the tag '!!python/object/apply:os.system' is not allowed"),
    ("a Python name", b"!!python/name:os.system", "the tag '!!python/name:os.system' is not allowed"),
    ("binary", b"a: !!binary aGk=", "the tag '!!binary' is not allowed"),
    ("a tag of nobody", b"a: !x y", "the tag '!x' is not allowed"),
    ("a list that is an int", b"a: !!int [1]", "the tag '!!int' is not allowed"),
    ("a merge", b"a: &a {x: 1}\nb: {<<: *a}\n", "line 2: '<<' is no key"),
    ("very deep lists", b"a: " + b"[" * 20_000, f"line 1: nested too deep, allowed: {MOST_DEPTH} levels"),
    ("very deep mappings", b"{a: " * 5_000, "nested too deep"),
    ("an alias bomb", _BOMB.encode(), "more values than are allowed: 200,000, with those that aliases repeat"),
    ("many aliases", b"a: &a x\nb: [" + b"*a, " * (MOST_ALIASES + 1) + b"]", f"line 2: more aliases than are allowed: {MOST_ALIASES}"),
    ("an alias in itself", b"a: &a [*a]", "line 1: the alias *a is inside what it stands for"),
    ("an alias of nothing", b"a: *b", "line 1: no YAML: found undefined alias 'b'"),
    ("half a surrogate pair", b'a: "\\ud800"', "line 1: half of a surrogate pair"),
    ("half a surrogate pair in a key", b'"\\ud800": a', "line 1: half of a surrogate pair"),
    ("no character at all", b'a: "\\Uffffffff"', "no YAML"),
    ("a NUL", b"a: 1\nb: x\0y\n", "line 2: no YAML: the character U+0000 is not allowed"),
    ("a key that is a number", b"1: a", "line 1: '1' is no key"),
    ("a key that is true", b"yes: a", "line 1: 'yes' is no key"),
    ("a key that is a list", b"? [a]\n: b\n", "line 1: a list or a mapping is no key"),
    ("a very large number", b"a: " + b"9" * 5_000, "line 1: a number of 5,000 characters, allowed: 20"),
    ("a very large version", b"%YAML 1." + b"9" * 5_000 + b"\n---\na: 1\n", "no YAML"),
    ("two documents", b"a: 1\n---\nb: 1\n", "line 2: no YAML: expected a single document"),
    ("an open list", b"\na: [", "line 2: no YAML"),
    ("UTF-16", "a: 1".encode("utf-16"), "not UTF-8 text"),
    ("UTF-16 without a mark", "a: 1".encode("utf-16-le"), "U+0000 is not allowed"),
    ("Latin-1", "a: é".encode("latin-1"), "not UTF-8 text"),
    ("too big", b"#" * (MOST_BYTES + 1), "too big for YAML, allowed: 1,048,576 bytes"),
]


def _acknowledged(path: Path) -> object:
    return load_acknowledgements(path, required=True)


def _settings(path: Path) -> object:
    return load_settings(path.stem, path.parent)


@pytest.mark.parametrize("reader", [read_yaml, load_keymap, _acknowledged, _settings])
@pytest.mark.parametrize(("content", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_one_line_says_what_is_wrong(reader: Callable[[Path], object], content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "prod.yaml"
    path.write_bytes(content)
    with pytest.raises(BadInput) as raised:
        reader(path)
    said = str(raised.value)
    assert said.startswith(f"{path}: ")
    assert message in said
    assert said.isprintable()
    assert len(said) < 400


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"- a", b"just text", b"null"])
def test_what_is_no_mapping_is_no_key_map(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="the whole file"):
        load_keymap(path)


@pytest.mark.parametrize("reader", [read_yaml, load_keymap, _settings])
def test_a_folder_is_no_file(reader: Callable[[Path], object], tmp_path: Path) -> None:
    (tmp_path / "prod.yaml").mkdir()
    with pytest.raises(BadInput, match="prod.yaml: Is a directory"):
        reader(tmp_path / "prod.yaml")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="nowhere: No such file or directory"):
        read_yaml(tmp_path / "nowhere")
    with pytest.raises(BadInput, match="null byte"):
        read_yaml(tmp_path / "a\0b")


@pytest.mark.parametrize(
    ("regex", "message"),
    [
        ("a{99999999999999999999}", "rules.r.match.regex: not a regular expression: the repetition number is too large"),
        ("(" * 3_000 + ")" * 3_000, "rules.r.match.regex: not a regular expression"),
        ("", "rules.r.match.regex: found '', allowed: an expression"),
    ],
)
def test_an_expression_no_engine_takes_is_refused(regex: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(_MAP.replace("prefix: p", f"regex: '{regex}'"))
    with pytest.raises(BadInput) as raised:
        load_keymap(path)
    assert message in str(raised.value)


def test_the_command_line_says_it_and_returns_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(_MAP + "rules: []\n")
    monkeypatch.setattr("sys.argv", ["uplift", "keymap", "check", str(path)])
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 2
    assert "line 4: 'rules' was given twice" in capsys.readouterr().err


def test_a_template_is_read_strictly_too(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text("Resources: {}\nResources: {A: {Type: X}}\n")
    with pytest.raises(BadInput, match="neither JSON nor YAML: line 2: 'Resources' was given twice"):
        read_assembly(path)


def test_nothing_is_built_of_what_is_refused() -> None:
    """The bomb stands for 10**9 values."""
    tracemalloc.start()
    started = time.monotonic()
    with pytest.raises(YamlProblem):
        parse_yaml(_BOMB)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
    assert time.monotonic() - started < 5


def test_what_is_allowed_is_read_as_before() -> None:
    text = """
        text: [a, "b", 'c', "\\0\\u00e9", 08, !!str 5, "yes"]
        values: {int: 12, hex: 0x1f, float: 1.5, "true": yes, "null": ~, date: 2020-04-20}
        alias: &here {a: [1]}
        again: [*here, *here]
        block: |
          two
          lines
    """
    assert parse_yaml("\n".join(line[8:] for line in text.splitlines())) == yaml.safe_load(
        "\n".join(line[8:] for line in text.splitlines())
    )
    assert parse_yaml("d: 2020-04-20") == {"d": date(2020, 4, 20)}
    assert parse_yaml("\ufeffa: 1".removeprefix("\ufeff")) == {"a": 1}


def test_a_byte_order_mark_of_utf_8_is_no_key(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_yaml(path) == {"a": 1}


@pytest.mark.parametrize("path", sorted(Path("config").glob("*.yaml")), ids=str)
def test_our_own_files_are_read_as_pyyaml_reads_them(path: Path) -> None:
    assert read_yaml(path) == yaml.safe_load(path.read_text())


def test_no_damage_ends_in_anything_but_a_line(draws: random.Random, tmp_path: Path) -> None:
    whole = _MAP.encode() + _BOMB.encode()[:200]
    pieces = (b"[", b"{", b"!!int ", b"&a ", b"*a ", b"\\ud800", b'"', b"'", b": ", b"? ", b"- ", b"2020-13-45", b"\x00", b"\xff", b"%YAML 9.9\n", b"<<: ", b"!<", b"9" * 30, b"\t", b"|", b"1:99:99")  # fmt: skip
    path = tmp_path / "map.yaml"
    for _ in range(3_000 if DRAWS == "fuzz" else 300):
        content = bytearray(whole)
        for _ in range(draws.randint(1, 4)):
            place = draws.randrange(len(content))
            content[place : place + draws.randint(0, 5)] = draws.choice(pieces)
        path.write_bytes(content)
        try:
            load_keymap(path)
        except BadInput as problem:
            assert "\n" not in str(problem)
