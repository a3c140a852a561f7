"""Which keys a server need not return: it has Lua and no regular expressions, so it is told whole keys and beginnings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from uplift.keyspace.keymap.key_language import Language, NotSupported, beginning_with, exactly
from uplift.keyspace.keymap.rule import NO_TARGET, Rule
from uplift.keyspace.keymap.sharing import Sharing


@dataclass(frozen=True, slots=True)
class ServerFilter:
    """Literals that alone are wanted (`only`), or literals nobody wants.

    Promise: a key that is left out has no target. A key that is returned may have none either.
    """

    only: bool
    exact: tuple[bytes, ...]
    prefixes: tuple[bytes, ...]

    def arguments(self) -> list[bytes]:
        """As read_page.lua takes it."""
        return [b"only" if self.only else b"skip", *(b"e" + one for one in self.exact), *(b"p" + one for one in self.prefixes)]


def filter_for(rules: tuple[Rule, ...], *, only_some: bool) -> ServerFilter:
    """The filter of a router: by what is wanted, where that is asked for and literals can say it; else by what is not."""
    written = [rule for rule in rules if rule.target != NO_TARGET]
    if only_some and all(rule.regex is None for rule in written):
        return ServerFilter(True, _all(rule.exact for rule in written), _all(rule.prefixes for rule in written))
    unwritten = [rule for rule in rules if not rule.is_own and rule.target == NO_TARGET]
    sharing = Sharing()
    return ServerFilter(
        False,
        _all([text for text in rule.exact if _is_unwanted(exactly, text, rule, written, sharing)] for rule in unwritten),
        _all([text for text in rule.prefixes if _is_unwanted(beginning_with, text, rule, written, sharing)] for rule in unwritten),
    )


def _is_unwanted(kind: Callable[[bytes], Language], text: bytes, rule: Rule, written: list[Rule], sharing: Sharing) -> bool:
    """Whether every key of a literal is left where it is: no rule before it that writes keys shares one."""
    try:
        keys = kind(text)
    except NotSupported:
        return False
    return not any(sharing.rule_may_share(other, keys) for other in written if other.index < rule.index)


def _all(texts: Iterable[Iterable[bytes]]) -> tuple[bytes, ...]:
    return tuple(text for some in texts for text in some)
