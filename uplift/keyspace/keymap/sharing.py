"""Whether a rule may share keys with a set of keys: what every shortcut past "the first rule that matches" must ask."""

from __future__ import annotations

from uplift.keyspace.keymap.key_language import Language, NotSupported, share_a_key
from uplift.keyspace.keymap.rule import Rule


class Sharing:
    """Answers by automata, each built once. A rule whose keys cannot be said exactly may share any: that costs time, never a key."""

    def __init__(self) -> None:
        self._of_rules: dict[int, list[Language] | None] = {}
        self._of_regexes: dict[int, Language | None] = {}

    def rule_may_share(self, rule: Rule, keys: Language) -> bool:
        """Whether the rule may match one of `keys`."""
        if rule.index not in self._of_rules:
            self._of_rules[rule.index] = _languages(rule)
        own = self._of_rules[rule.index]
        return own is None or any(_may_share(one, keys) for one in own)

    def regex_may_share(self, rule: Rule, keys: Language) -> bool:
        """Whether the rule's regular expression, which it must have, may match one of `keys`."""
        if rule.index not in self._of_regexes:
            self._of_regexes[rule.index] = _regex_language(rule)
        own = self._of_regexes[rule.index]
        return own is None or _may_share(own, keys)


def _languages(rule: Rule) -> list[Language] | None:
    try:
        return rule.languages()
    except NotSupported:
        return None


def _regex_language(rule: Rule) -> Language | None:
    try:
        return rule.regex_language()
    except NotSupported:
        return None


def _may_share(one: Language, other: Language) -> bool:
    try:
        return share_a_key(one, other)
    except NotSupported:
        return True
