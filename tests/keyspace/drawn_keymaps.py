"""Draws key maps, sound or not, and keys near them; and what routing must equal, written without any of our routing."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from uplift.keyspace.keymap.model import KeyMap, RuleText

_TEXTS = (
    "", "a", "ab", "abc", "a:", "ab:", "a:b", "a:b:", "a::", "b", "b:", "x:", "x", "def:", "def:1", "u", "user:", "USER:", "User",
    "\n", "a\n", "a\nb:", "é:", "queue:", "queue:sq|", "uplift:", "uplift:temporary:1", "uplift:follow:",
    "ElastiCache", ":", "::", "a-", "a_b:",
)  # fmt: skip
_WHAT_NO_AUTOMATON_SAYS = ("(?=a).*", "(?!b).*", "(a|b)\\1.*", "^a.*", ".*$", "a?+b.*", "(?>a|ab):.*", "(a)?(?(1)b|x):.*")
_FLAGS = ("(?i)", "(?s)", "(?m)", "(?x)", "(?a)", "(?im)")

Sampler = Callable[[random.Random], str]


@dataclass(frozen=True)
class DrawnMap:
    """`samples` are keys that its regular expressions were made around; `only` and `exclude` name rules."""

    keymap: KeyMap
    samples: tuple[bytes, ...]
    only: tuple[str, ...]
    exclude: tuple[str, ...]


def draw_map(draws: random.Random) -> DrawnMap:
    """One to eight rules over few texts, so that most maps have rules that meet."""
    samples: list[bytes] = []
    rules = [_rule(draws, number, samples) for number in range(draws.randint(1, 8))]
    names = [rule["name"] for rule in rules]
    keymap = KeyMap.model_validate({"version": 1, "destinations": ["a", "b"], "rules": rules})
    only = draws.sample(names, draws.randint(1, len(names))) if draws.random() < 0.3 else []
    left = [name for name in names if name not in only]
    exclude = draws.sample(left, draws.randint(0, len(left))) if draws.random() < 0.2 else []
    return DrawnMap(keymap, tuple(samples), tuple(only), tuple(exclude))


def _rule(draws: random.Random, number: int, samples: list[bytes]) -> dict[str, Any]:
    match: dict[str, Any] = {}
    for kind in draws.choices((["exact"], ["prefix"], ["regex"], ["exact", "prefix"], ["prefix", "regex"]), (2, 5, 3, 1, 1))[0]:
        if kind == "regex":
            match[kind], sampler = draw_regex(draws)
            samples += [sampler(draws).encode() for _ in range(3)]
        else:
            match[kind] = draws.sample(_TEXTS, draws.choice((1, 1, 1, 2, 3)))
    action = draws.choices(("copy", "skip", "handover"), (5, 3, 1))[0]
    return {
        "name": f"r{number}", "match": match, "to": draws.choice("ab"), "action": action,
        "overlaps": "*", "source": "drawn", "reason": "drawn",
    }  # fmt: skip


def draw_regex(draws: random.Random) -> tuple[str, Sampler]:
    """An expression, and what makes keys that it is about."""
    if draws.random() < 0.15:
        return draws.choice(_WHAT_NO_AUTOMATON_SAYS), lambda rng: rng.choice(("ab:", "a:x", "aa", "b"))
    text, sampler = _sequence(draws, 2)
    return (draws.choice(_FLAGS) if draws.random() < 0.2 else "") + (text or "a"), sampler


def _sequence(draws: random.Random, depth: int) -> tuple[str, Sampler]:
    parts = [_part(draws, depth) for _ in range(draws.randint(1, 3))]
    return "".join(text for text, _ in parts), lambda rng: "".join(sampler(rng) for _, sampler in parts)


def _part(draws: random.Random, depth: int) -> tuple[str, Sampler]:
    kind = draws.randrange(9 if depth else 5)
    if kind < 2:
        literal = draws.choice(_TEXTS)
        return re.escape(literal), lambda _: literal
    if kind < 5:
        text, chars = draws.choice(
            (("[ab]", "ab"), ("[^:\n]", "axZ1"), (".", "a:\n"), ("(?-s:.)", "a:"), (r"\d", "07"), (r"[^\W\d]", "aZ_"), ("[A-Fu]", "AFu")),
        )
        return text, lambda rng: rng.choice(chars)
    text, sampler = _sequence(draws, depth - 1)
    if kind < 7:
        least, suffix = draws.choice(((0, "?"), (0, "*"), (1, "+"), (0, "*?"), (1, "{1,3}"), (2, "{2}"), (0, "{,2}")))
        return f"(?:{text}){suffix}", lambda rng: "".join(sampler(rng) for _ in range(max(least, rng.randint(0, 2))))
    if kind < 8:
        other, other_sampler = _sequence(draws, depth - 1)
        return f"({text}|{other})", lambda rng: rng.choice((sampler, other_sampler))(rng)
    return f"(?i:{text})", lambda rng: sampler(rng).swapcase()


def draw_keys(draws: random.Random, drawn: DrawnMap) -> list[bytes]:
    """Keys at which a shortcut may err: literals, what is shorter, longer or nearly the same, what the expressions match, and odd ones."""
    near = [text.encode() for rule in drawn.keymap.rules for text in (*rule.match.exact, *rule.match.prefix)] + list(drawn.samples)
    keys = {
        b"",
        b"\n",
        b"\x00",
        b"\xff:\x00",
        b"uplift:temporary:",
        b"uplift:follow:lease",
        b"ElastiCacheMasterReplicationTimestamp",
        draws.randbytes(6),
    }
    for text in near:
        keys |= {text, text[: draws.randint(0, len(text))], text + b"\n", text.swapcase(), text[:-1]}
        keys |= {text + draws.choice(_TEXTS).encode(), text + draws.randbytes(2), draws.choice(near) + text}
        place = draws.randint(0, len(text))
        keys.add(text[:place] + draws.choice((b"a", b":", b"\xc3", b"1", b"B")) + text[place + 1 :])
    return sorted(keys)


def first_rule(keymap: KeyMap, key: bytes) -> RuleText | None:
    """The first rule of a map that matches, as a person reads it. Our own keys, which belong to no map, have none."""
    if key == b"ElastiCacheMasterReplicationTimestamp" or key.startswith((b"uplift:temporary:", b"uplift:follow:")):
        return None
    for rule in keymap.rules:
        match = rule.match
        if key in [text.encode() for text in match.exact] or any(key.startswith(text.encode()) for text in match.prefix):
            return rule
        if match.regex and re.fullmatch(match.regex.encode(), key, re.DOTALL):
            return rule
    return None


def is_returned(filter_arguments: list[bytes], key: bytes) -> bool:
    """What read_page.lua promises of its filter."""
    mode, *literals = filter_arguments
    named = any(key == one[1:] if one[:1] == b"e" else key.startswith(one[1:]) for one in literals)
    return not literals or named == (mode == b"only")
