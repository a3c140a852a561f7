"""Which rule a key belongs to: a key map compiled into a function that takes well under a microsecond.

A key's beginning up to its first colon decides most keys with one look into a dict; the rest goes by the first few bytes
and the lengths of the literals that begin with them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from uplift.errors import BadInput
from uplift.keyspace.keymap.model import Action, KeyMap, RuleText, TtlClass
from uplift.keyspace.keymap.own_keys import ELASTICACHE_OWN_KEY, TEMPORARY_PREFIX

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

    def filter_arguments(self) -> list[bytes]:
        """`server_filter` as read_page.lua takes it."""
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


def _route_function(rules: tuple[Rule, ...]) -> Callable[[bytes], Rule | None]:  # noqa: C901
    """The function is plain and a little long on purpose: it runs once a key (bench/route.py has the figures)."""
    exact, prefixes = _literals(rules)
    heads = _decided_by_head(rules, exact, prefixes)
    undecided = {text: rule for text, rule in prefixes.items() if text[:-1] not in heads or not text.endswith(b":")}
    bucket = min((len(text) for text in undecided), default=0)
    candidates: dict[bytes, tuple[tuple[int, bytes, Rule], ...]] = {}
    for text in sorted(undecided, key=len, reverse=True):
        candidates[text[:bucket]] = (*candidates.get(text[:bucket], ()), (len(text), text, undecided[text]))
    regexes = tuple((rule.regex.fullmatch, rule) for rule in rules if rule.regex is not None)
    longest_exact = max(map(len, exact), default=-1)
    head_of, exact_of, candidates_of = heads.get, exact.get, candidates.get

    def route(key: bytes) -> Rule | None:  # noqa: C901
        head, colon, _ = key.partition(b":")
        if colon:
            rule = head_of(head)
            if rule is not None:
                return rule
        rule = exact_of(key) if len(key) <= longest_exact else None
        found = candidates_of(key[:bucket])
        if found is not None:
            for length, text, other in found:
                if key[:length] == text:
                    # The longest literal is the first one too: a shorter one before it would hide it, which no sound map has.
                    if rule is None or other.index < rule.index:
                        rule = other
                    break
        if regexes:
            for matches, other in regexes:
                if rule is not None and rule.index < other.index:
                    break
                if matches(key):
                    return other
        return rule

    return route


def _literals(rules: tuple[Rule, ...]) -> tuple[dict[bytes, Rule], dict[bytes, Rule]]:
    """Whole keys and beginnings, each with the first rule that names it."""
    exact: dict[bytes, Rule] = {}
    prefixes: dict[bytes, Rule] = {}
    for rule in rules:
        for literal in rule.literals:
            (exact if literal.kind is LiteralKind.EXACT else prefixes).setdefault(literal.text, rule)
    return exact, prefixes


def _decided_by_head(rules: tuple[Rule, ...], exact: dict[bytes, Rule], prefixes: dict[bytes, Rule]) -> dict[bytes, Rule]:
    """Prefixes whose only colon ends them, without it, where no earlier rule, no longer literal and no whole key looks into them."""
    heads: dict[bytes, Rule] = {}
    others = [*exact, *prefixes]
    for text, rule in prefixes.items():
        if text.find(_COLON) != len(text) - 1 or not text or any(_regex_may_match(other, text) for other in rules[: rule.index]):
            continue
        nested = any(other != text and (other.startswith(text) or (other in prefixes and text.startswith(other))) for other in others)
        if not nested:
            heads[text[:-1]] = rule
    return heads
