"""Which rule a key belongs to: the first that matches it. Said twice: by a plain loop, and by shortcuts that are fast."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from uplift.errors import BadInput
from uplift.keyspace.keymap.known_words import words_of
from uplift.keyspace.keymap.model import Action, KeyMap, RuleText
from uplift.keyspace.keymap.own_keys import SPLIT_PREFIX
from uplift.keyspace.keymap.rule import FIRST_RULE_OF_THE_MAP, NO_TARGET, OWN_RULES, Rule, compiled, in_order
from uplift.keyspace.keymap.server_filter import ServerFilter, filter_for
from uplift.keyspace.keymap.shortcuts import fast_route

__all__ = ["FIRST_RULE_OF_THE_MAP", "NO_TARGET", "Router", "Rule", "build_router"]


@dataclass(frozen=True, slots=True)
class Router:
    """`rules` in order, `route` from a key to its rule (None: no rule matches), and what a server may leave out by itself.

    `route` is derived from the rules (shortcuts.py); `first_match` is what it must equal. Who checks another's work
    goes by `first_match`, so that no mistake of a shortcut is made twice. `words` are those of keys that the map writes down.
    """

    rules: tuple[Rule, ...]
    route: Callable[[bytes], Rule | None]
    first_match: Callable[[bytes], Rule | None]
    server_filter: ServerFilter
    words: frozenset[str]

    def filter_arguments(self) -> list[bytes]:
        """`server_filter` as read_page.lua takes it."""
        return self.server_filter.arguments()


def build_router(keymap: KeyMap, targets: tuple[str, ...], *, only: Iterable[str] = (), exclude: Iterable[str] = ()) -> Router:
    """Compile a key map for these targets, in their order.

    `only` and `exclude` are names of rules. Raises BadInput for a name that is no rule and for a destination without a target.
    """
    wanted, unwanted = set(only), set(exclude)
    _refuse_unknown(keymap, "--only", wanted)
    _refuse_unknown(keymap, "--exclude", unwanted)
    if both := sorted(wanted & unwanted):
        raise BadInput(f"--only {both[0]} --exclude {both[0]}: a rule is wanted or not, allowed: one of the two")
    if unknown := [name for name in targets if name not in keymap.destinations]:
        raise BadInput(f"--to {unknown[0]}: no destination of the key map, allowed: {', '.join(keymap.destinations)}")
    written = {rule.name for rule in keymap.rules if rule.action is Action.COPY and rule.name not in unwanted}
    written = written & wanted if wanted else written
    for rule in keymap.rules:
        if rule.name in written and rule.to not in targets:
            raise BadInput(f"rule {rule.name!r} goes to {rule.to!r}, but --to names {', '.join(targets)}")
    in_front = [rule for rule in keymap.rules if _is_for_own_names(rule)]
    order: list[RuleText | Rule] = [*in_front, *OWN_RULES, *(rule for rule in keymap.rules if not _is_for_own_names(rule))]
    rules = tuple(
        replace(rule, index=index)
        if isinstance(rule, Rule)
        else compiled(index, rule, targets.index(rule.to) if rule.name in written else NO_TARGET, rename=keymap.rename)
        for index, rule in enumerate(order)
    )
    return Router(rules, fast_route(rules), in_order(rules), filter_for(rules, only_some=bool(wanted)), words_of(keymap))


def _is_for_own_names(rule: RuleText) -> bool:
    """Whether it is a rule for a split's canaries: whole names below its prefix, which are own names wherever no such rule is."""
    match = rule.match
    return (
        bool(match.exact) and not match.prefix and not match.regex and all(name.startswith(SPLIT_PREFIX.decode()) for name in match.exact)
    )


def _refuse_unknown(keymap: KeyMap, option: str, given: set[str]) -> None:
    names = {rule.name for rule in keymap.rules}
    if unknown := sorted(given - names):
        raise BadInput(f"{option} {unknown[0]}: no such rule, allowed: {', '.join(sorted(names))}")
