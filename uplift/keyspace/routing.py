"""Which rule a key belongs to: a key map compiled into a function that takes well under a microsecond.

A key's beginning up to its first colon decides most keys with one look into a dict; the rest goes by the first two
bytes and the lengths of the literals that begin with them (bench/route.py: 0.5 µs at most for each of 200 rules).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from uplift.errors import BadInput
from uplift.keyspace.keymap import Action, KeyMap, RuleText, TtlClass

ELASTICACHE_OWN_KEY = b"ElastiCacheMasterReplicationTimestamp"
TEMPORARY_PREFIX = b"uplift:temporary:"
NO_TARGET = -1
_COLON = 58
# Only characters that stand for themselves, and none that a quantifier or an alternative behind it could take back.
_LITERAL_START = re.compile(rb"[a-zA-Z0-9:_-]*(?![a-zA-Z0-9:_-]|[*?{|])|")


class LiteralKind(StrEnum):
    """How a literal matches."""

    EXACT = "exact"
    PREFIX = "prefix"


@dataclass(frozen=True, slots=True)
class Literal:
    """A whole key, or the beginning of one."""

    kind: LiteralKind
    text: bytes


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled rule. `target` is the index of the target its keys are written to, NO_TARGET where they are not written."""

    index: int
    name: str
    action: Action
    destination: str
    root: bytes
    ttl: TtlClass
    target: int
    literals: tuple[Literal, ...]
    regex: re.Pattern[bytes] | None


@dataclass(frozen=True, slots=True)
class Router:
    """`rules` in order, `route` from a key to its rule (None: no rule matches), and what a server may skip by itself.

    `only` tells how `server_filter` is meant: literals that alone are wanted, or literals nobody wants.
    """

    rules: tuple[Rule, ...]
    route: Callable[[bytes], Rule | None]
    only: bool
    server_filter: tuple[Literal, ...]

    def target_name(self, rule: Rule, key: bytes) -> bytes:
        """What a key is called on its target."""
        return rule.root + key

    def filter_arguments(self) -> list[bytes]:
        """`server_filter` as read.lua takes it."""
        marks = {LiteralKind.EXACT: b"e", LiteralKind.PREFIX: b"p"}
        return [b"only" if self.only else b"skip", *(marks[literal.kind] + literal.text for literal in self.server_filter)]


def build_router(keymap: KeyMap, targets: tuple[str, ...], *, only: Iterable[str] = (), exclude: Iterable[str] = ()) -> Router:
    """Compile a key map for these targets, in their order.

    `only` and `exclude` are names of rules. Raises BadInput for a name that is no rule and for a destination without a target.
    """
    names = {rule.name for rule in keymap.rules}
    wanted_names, unwanted_names = set(only), set(exclude)
    for option, given in (("--only", wanted_names), ("--exclude", unwanted_names)):
        if unknown := sorted(given - names):
            raise BadInput(f"{option} {unknown[0]}: no such rule, allowed: {', '.join(sorted(names))}")
    written = {rule.name for rule in keymap.rules if rule.action is Action.COPY and rule.name not in unwanted_names}
    written = written & wanted_names if wanted_names else written
    for rule in keymap.rules:
        if rule.name in written and rule.to not in targets:
            raise BadInput(f"rule {rule.name!r} goes to {rule.to!r}, but --to names {', '.join(targets)}")
    compiled = [
        _compile(index, rule, targets.index(rule.to) if rule.name in written else NO_TARGET, keymap.rename)
        for index, rule in enumerate(keymap.rules, start=len(_OWN_RULES))
    ]
    rules = (*_OWN_RULES, *compiled)
    literal_only = not any(rule.regex is not None and rule.target != NO_TARGET for rule in rules)
    is_only = bool(wanted_names) and literal_only
    return Router(rules, _route_function(rules), is_only, _server_filter(rules, is_only))


def _compile(index: int, rule: RuleText, target: int, rename: bool) -> Rule:
    match = rule.match
    literals = [Literal(LiteralKind.EXACT, text.encode()) for text in match.exact]
    literals += [Literal(LiteralKind.PREFIX, text.encode()) for text in match.prefix]
    regex = re.compile(match.regex.encode(), re.DOTALL) if match.regex else None
    root = rule.root.encode() if rename else b""
    return Rule(index, rule.name, rule.action, rule.to, root, rule.ttl, target, tuple(literals), regex)


def _own_rule(index: int, name: str, literal: Literal) -> Rule:
    return Rule(index, name, Action.SKIP, "", b"", TtlClass.EITHER, NO_TARGET, (literal,), None)


_OWN_RULES = (
    _own_rule(0, "elasticache-own-key", Literal(LiteralKind.EXACT, ELASTICACHE_OWN_KEY)),
    _own_rule(1, "uplift-temporary", Literal(LiteralKind.PREFIX, TEMPORARY_PREFIX)),
)
FIRST_RULE_OF_THE_MAP = len(_OWN_RULES)


def _server_filter(rules: tuple[Rule, ...], only: bool) -> tuple[Literal, ...]:
    """Literals a server may decide by alone: no earlier rule decides otherwise for a key they match."""
    if only:
        return tuple(literal for rule in rules if rule.target != NO_TARGET for literal in rule.literals)
    found = []
    for rule in rules[FIRST_RULE_OF_THE_MAP:]:
        if rule.target != NO_TARGET:
            continue
        earlier = [other for other in rules if other.index < rule.index and other.target != NO_TARGET]
        found += [
            literal
            for literal in rule.literals
            if not any(_may_share(literal, other) for wanted in earlier for other in wanted.literals)
            and not any(_regex_may_match(wanted, literal.text) for wanted in earlier)
        ]
    return tuple(found)


def _regex_may_match(rule: Rule, beginning: bytes) -> bool:
    """Whether the rule's regular expression can match a key that begins so, judged by its own literal beginning."""
    if rule.regex is None:
        return False
    start = _LITERAL_START.match(rule.regex.pattern)
    literal = start[0] if start else b""
    return literal.startswith(beginning) or beginning.startswith(literal)


def _may_share(one: Literal, other: Literal) -> bool:
    match (one.kind, other.kind):
        case (LiteralKind.EXACT, LiteralKind.EXACT):
            return one.text == other.text
        case (LiteralKind.EXACT, _):
            return one.text.startswith(other.text)
        case (_, LiteralKind.EXACT):
            return other.text.startswith(one.text)
        case _:
            return one.text.startswith(other.text) or other.text.startswith(one.text)


class _Literals:
    """Finds a key's literal: whole keys by a dict, beginnings by the lengths of those that share its first two bytes."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.exact: dict[bytes, Rule] = {}
        self.prefixes: dict[bytes, Rule] = {}
        for rule in rules:
            for literal in rule.literals:
                table = self.exact if literal.kind is LiteralKind.EXACT else self.prefixes
                table.setdefault(literal.text, rule)
        self._lengths: dict[bytes, tuple[int, ...]] = {}
        for text in self.prefixes:
            self._lengths[text[:2]] = tuple(sorted({*self._lengths.get(text[:2], ()), len(text)}, reverse=True))
        self._short = sorted((text for text in self.prefixes if len(text) < 2), key=len, reverse=True)

    def find(self, key: bytes) -> Rule | None:
        """The rule of the longest literal. In a sound map that is the first one too: a shorter one before it would hide it."""
        found = self.exact.get(key)
        for length in self._lengths.get(key[:2], ()):
            rule = self.prefixes.get(key[:length])
            if rule is not None:
                return rule if found is None or rule.index < found.index else found
        if found is None:
            for text in self._short:
                if key.startswith(text):
                    return self.prefixes[text]
        return found


def _route_function(rules: tuple[Rule, ...]) -> Callable[[bytes], Rule | None]:
    literals = _Literals(rules)
    heads = _decided_by_head(rules, literals.exact, literals.prefixes)
    regexes = tuple((rule.regex.fullmatch, rule) for rule in rules if rule.regex is not None)
    find_literal = literals.find

    def route(key: bytes) -> Rule | None:
        rule = heads.get(key[: key.find(_COLON) + 1])
        if rule is not None:
            return rule
        rule = find_literal(key)
        for matches, other in regexes:
            if rule is not None and rule.index < other.index:
                break
            if matches(key):
                return other
        return rule

    return route


def _decided_by_head(rules: tuple[Rule, ...], exact: dict[bytes, Rule], prefixes: dict[bytes, Rule]) -> dict[bytes, Rule]:
    """Prefixes whose only colon ends them and that no earlier rule, no longer literal and no whole key looks into."""
    heads: dict[bytes, Rule] = {}
    others = [*exact, *prefixes]
    for text, rule in prefixes.items():
        if text.find(_COLON) != len(text) - 1 or not text or any(_regex_may_match(other, text) for other in rules[: rule.index]):
            continue
        nested = any(other != text and (other.startswith(text) or (other in prefixes and text.startswith(other))) for other in others)
        if not nested:
            heads[text] = rule
    return heads
