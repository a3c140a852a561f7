"""A function that finds a key's rule in well under a microsecond, whatever the map. It equals a plain loop over the rules, only faster.

A key's beginning up to its first colon decides most keys with one look into a dict; the rest goes by the first few bytes
and the lengths of the literals that begin with them. Each shortcut is taken only where the automata of the rules before it
say that none of them shares a key with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from uplift.keyspace.keymap.key_language import Language, NotSupported, beginning_with
from uplift.keyspace.keymap.rule import Rule, first_match
from uplift.keyspace.keymap.sharing import Sharing

_COLON = b":"
_Regexes: TypeAlias = tuple[tuple[Callable[[bytes], re.Match[bytes] | None], Rule], ...]
"""Regular expressions to be tried first, in the order of their rules."""

_Candidate: TypeAlias = tuple[int, bytes, tuple[Rule, _Regexes]]
"""A prefix: its length and text, and what decides: the first rule with a prefix that is it or begins it, or a regular expression before."""


def fast_route(rules: tuple[Rule, ...]) -> Callable[[bytes], Rule | None]:  # noqa: C901
    """From a key to the first rule that matches it. Plain and a little long on purpose: it runs once a key (bench/route.py)."""
    sharing = Sharing()
    prefixes = _first_by_prefix(rules)
    heads = _decided_by_head(rules, prefixes, sharing)
    exact = {text: first_match(rules, text) for rule in rules for text in rule.exact}
    longest_exact = max(map(len, exact), default=-1)
    undecided = {text: rule for text, rule in prefixes.items() if text and not _is_below(text, heads)}
    bucket = min(map(len, undecided), default=0)
    candidates = _by_bucket(rules, undecided, bucket, sharing)
    otherwise = prefixes.get(b"")
    otherwise_regexes = _regexes_before(rules, otherwise, None, sharing)
    head_of, exact_of, candidates_of = heads.get, exact.get, candidates.get

    def route(key: bytes) -> Rule | None:  # noqa: C901
        head, colon, _ = key.partition(b":")
        if colon:
            rule = head_of(head)
            if rule is not None:
                return rule
        if len(key) <= longest_exact:
            rule = exact_of(key)
            if rule is not None:
                return rule
        found = candidates_of(key[:bucket])
        if found is not None:
            for length, text, decision in found:
                if key[:length] == text:
                    rule, regexes = decision
                    if regexes:
                        for matches, other in regexes:
                            if matches(key):
                                return other
                    return rule
        for matches, other in otherwise_regexes:
            if matches(key):
                return other
        return otherwise

    return route


def _first_by_prefix(rules: tuple[Rule, ...]) -> dict[bytes, Rule]:
    """For each prefix, the first rule with a prefix that is it or begins it: that of the longest prefix of a key decides by prefixes."""
    own: dict[bytes, Rule] = {}
    for rule in rules:
        for text in rule.prefixes:
            own.setdefault(text, rule)
    beginnings = ((text, (text[:length] for length in range(len(text) + 1))) for text in own)
    return {text: min((own[one] for one in shorter if one in own), key=lambda rule: rule.index) for text, shorter in beginnings}


def _decided_by_head(rules: tuple[Rule, ...], prefixes: dict[bytes, Rule], sharing: Sharing) -> dict[bytes, Rule]:
    """Beginnings up to a first colon, without it, where the first rule that may match any key with that beginning matches all of them."""
    heads: dict[bytes, Rule] = {}
    for head in {text[: text.index(_COLON)] for text in prefixes if _COLON in text}:
        keys = _beginning_with(head + _COLON)
        rule = next((rule for rule in rules if keys is None or sharing.rule_may_share(rule, keys)), None)
        if rule is not None and (head + _COLON).startswith(rule.prefixes):
            heads[head] = rule
    return heads


def _is_below(text: bytes, heads: dict[bytes, Rule]) -> bool:
    head, colon, _ = text.partition(_COLON)
    return bool(colon) and head in heads


def _by_bucket(rules: tuple[Rule, ...], prefixes: dict[bytes, Rule], bucket: int, sharing: Sharing) -> dict[bytes, tuple[_Candidate, ...]]:
    """The prefixes by their first `bucket` bytes, the longest first."""
    candidates: dict[bytes, tuple[_Candidate, ...]] = {}
    for text in sorted(prefixes, key=len, reverse=True):
        rule = prefixes[text]
        decision = (rule, _regexes_before(rules, rule, _beginning_with(text), sharing))
        candidates[text[:bucket]] = (*candidates.get(text[:bucket], ()), (len(text), text, decision))
    return candidates


def _regexes_before(rules: tuple[Rule, ...], decided: Rule | None, keys: Language | None, sharing: Sharing) -> _Regexes:
    """The regular expressions of the rules before `decided` that may match one of `keys` (None: any key)."""
    before = rules if decided is None else rules[: decided.index]
    return tuple(
        (rule.regex.fullmatch, rule) for rule in before if rule.regex is not None and (keys is None or sharing.regex_may_share(rule, keys))
    )


def _beginning_with(text: bytes) -> Language | None:
    """None for a text too long for an automaton: then any rule may share its keys."""
    try:
        return beginning_with(text)
    except NotSupported:
        return None
