"""The automata say of a regular expression exactly what Python's own engine says, or that they cannot say it."""

from __future__ import annotations

import random
import re
import sys
from typing import Any

import pytest

from tests.draws import DRAWS
from tests.keyspace.drawn_keymaps import draw_regex
from uplift.keyspace.keymap.check import check_keymap
from uplift.keyspace.keymap.key_language import NotSupported, beginning_with, exactly, share_a_key
from uplift.keyspace.keymap.model import KeyMap
from uplift.keyspace.keymap.regex_language import matching

EXPRESSIONS = 5_000 if DRAWS == "fuzz" else 600


def _problems(*matches: dict[str, Any]) -> list[str]:
    rules = [
        {"name": f"r{number}", "match": match, "to": "ab"[number % 2], "source": "test", "reason": "test"}
        for number, match in enumerate(matches)
    ]
    keymap = KeyMap.model_validate({"version": 1, "destinations": ["a", "b"], "rules": rules})
    return [f"{problem.rule}: {problem.message}" for problem in check_keymap(keymap)]


@pytest.mark.parametrize(
    ("regex", "prefix"),
    [
        ("(?i)user:.*", "USER:"),
        ("(?i:USER):.*", "user:"),
        ("(?i)[a-f]ser:.*", "FSER:"),
        ("(?i)[^u]ser:.*", "XSER:"),
        ("(?x) us er : .*", "user:"),
        ("(?x: us er ):.*", "user:"),
        ("(?s)a.b", "a\nb"),
        ("(?m)a.*", "a\n"),
        ("(?a)\\w+", "w"),
        ("a(?-s:.)b", "a:b"),
    ],
)
def test_flags_are_seen(regex: str, prefix: str) -> None:
    assert any(problem.startswith("r1: shares keys with 'r0'") for problem in _problems({"regex": regex}, {"prefix": prefix}))


@pytest.mark.parametrize(
    ("regex", "prefix"),
    [
        ("(?i:u)ser:.*", "USER:"),
        ("(?i)[^u]ser:.*", "user:"),
        ("(?i)[^u]ser:.*", "USER:"),
        ("a(?-s:.)b", "a\nb"),
        ("(?i)é", "É"),
        ("(?i)(?-i:u)s", "U"),
    ],
)
def test_flags_share_no_more_than_they_match(regex: str, prefix: str) -> None:
    assert _problems({"regex": regex}, {"prefix": prefix}) == []


@pytest.mark.parametrize(
    ("regex", "what"),
    [
        ("^user:.*", "^, $"), ("user:.*$", "^, $"), (r"(?m)\Auser", "^, $"), (r"\buser", "^, $"), ("(?=u).*", "a look-ahead"), ("(?!u).*", "a negative"),
        ("(?<=u)s", "a look-ahead or look-behind"), ("(?<!u)s", "a negative"), (r"(u)\1", "a backreference"), ("(?P<n>u)(?P=n)", "a backreference"),
        ("(u)?(?(1)s|t)", "a conditional"), ("(?>u|us)e", "an atomic group"), ("u*+s", "a possessive repeat"), ("u{1,2}+s", "a possessive repeat"),
        ("(?L)u", "the flag L"), ("u{1001}", "a repeat above 1000"), ("((u{999}){999}){999}", "so big an expression"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_exactly_is_refused_by_its_name(regex: str, what: str) -> None:
    [problem] = _problems({"regex": regex})
    assert problem.startswith(f"r0: regex: {what}")
    assert "not supported in a key map" in problem
    assert "\n" not in problem


def test_an_expression_that_takes_too_long_to_compare_is_refused() -> None:
    problems = _problems({"regex": "(a|b)*a(a|b){20}"}, {"regex": "(a|b)*a(a|b){19}a"})
    assert "r1: match: so big an expression is not supported in a key map: it takes too long to compare with the other rules" in problems


def test_automata_agree_with_the_engine_on_drawn_expressions(draws: random.Random) -> None:
    said = 0
    for _ in range(EXPRESSIONS):
        regex, sampler = draw_regex(draws)
        try:
            language = matching(regex.encode())
        except NotSupported:
            continue
        said += 1
        for key in {sampler(draws) for _ in range(6)} | {"", "a", "ab:", "A:", "\n"}:
            for text in (key.encode(), key.swapcase().encode(), key.encode() + b"\n"):
                matches = re.fullmatch(regex.encode(), text, re.DOTALL) is not None
                assert share_a_key(language, exactly(text)) is matches, (regex, text)
                assert not matches or share_a_key(language, beginning_with(text[:2])), (regex, text)
    sys.stdout.write(f"{said} of {EXPRESSIONS} drawn expressions could be said exactly\n")
    assert said > EXPRESSIONS / 2
