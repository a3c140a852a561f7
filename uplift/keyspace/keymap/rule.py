"""A rule of a key map, compiled: what a router and everything that acts on a key's rule work with."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from uplift.keyspace.keymap.key_language import Language, beginning_with, exactly
from uplift.keyspace.keymap.model import Action, RuleText, TtlClass
from uplift.keyspace.keymap.own_keys import ELASTICACHE_OWN_KEY, FOLLOW_PREFIX, HANDOVER_PREFIX, SPLIT_PREFIX, TEMPORARY_PREFIX
from uplift.keyspace.keymap.regex_language import KEY_FLAGS, matching

NO_TARGET = -1


@dataclass(frozen=True, slots=True)
class Rule:
    """`target` is the index of the target its keys are written to, NO_TARGET where they are not written. `is_own`: its keys are
    ElastiCache's or Uplift's own.
    """

    index: int
    name: str
    action: Action
    destination: str
    root: bytes
    ttl: TtlClass
    target: int
    exact: tuple[bytes, ...]
    prefixes: tuple[bytes, ...]
    regex: re.Pattern[bytes] | None
    is_own: bool = False

    def matches(self, key: bytes) -> bool:
        """Whether this rule is for the key, whatever other rules say."""
        return key in self.exact or key.startswith(self.prefixes) or (self.regex is not None and self.regex.fullmatch(key) is not None)

    def regex_language(self) -> Language | None:
        """The keys of its regular expression; None where there is none. Raises NotSupported where that cannot be said exactly."""
        return matching(self.regex.pattern) if self.regex is not None else None

    def languages(self) -> list[Language]:
        """All its keys. Raises NotSupported where they cannot be said exactly."""
        regex = self.regex_language()
        found = [*map(exactly, self.exact), *map(beginning_with, self.prefixes)]
        return found if regex is None else [*found, regex]


def first_match(rules: Iterable[Rule], key: bytes) -> Rule | None:
    """The first rule that matches, looked for in their order; None where none does."""
    for rule in rules:
        if rule.matches(key):
            return rule
    return None


def in_order(rules: Iterable[Rule]) -> Callable[[bytes], Rule | None]:
    """`first_match` for many keys: the same loop over the same rules, with what each asks looked up once (bench/route.py)."""
    asked = [(rule.exact, rule.prefixes, None if rule.regex is None else rule.regex.fullmatch, rule) for rule in rules]

    def first(key: bytes) -> Rule | None:
        begins = key.startswith
        for exact, prefixes, matches, rule in asked:
            if begins(prefixes) or key in exact or (matches is not None and matches(key)):
                return rule
        return None

    return first


def compiled(index: int, text: RuleText, target: int, *, rename: bool) -> Rule:
    """The rule as it acts. Its regular expression was compiled before, by the model."""
    match = text.match
    return Rule(
        index,
        text.name,
        text.action,
        text.to,
        text.root.encode() if rename else b"",
        text.ttl,
        target,
        tuple(one.encode() for one in match.exact),
        tuple(one.encode() for one in match.prefix),
        re.compile(match.regex.encode(), KEY_FLAGS) if match.regex else None,
    )


def _own(index: int, name: str, exact: tuple[bytes, ...], prefixes: tuple[bytes, ...]) -> Rule:
    return Rule(index, name, Action.SKIP, "", b"", TtlClass.EITHER, NO_TARGET, exact, prefixes, None, is_own=True)


OWN_RULES = (
    _own(0, "elasticache-own-key", (ELASTICACHE_OWN_KEY,), ()),
    _own(1, "uplift-temporary", (), (TEMPORARY_PREFIX,)),
    _own(2, "uplift-follow", (), (FOLLOW_PREFIX,)),
    _own(3, "uplift-handover", (), (HANDOVER_PREFIX,)),
    _own(4, "uplift-split", (), (SPLIT_PREFIX,)),
)
"""Before every key map's rules, save those of a split's canaries: what belongs to nobody's data."""

FIRST_RULE_OF_THE_MAP = len(OWN_RULES)
