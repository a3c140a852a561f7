"""What a user of Redis may do, by its access string: rules that allow keys, channels and commands, or take away (Redis, "ACL")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from uplift.review.rules.judgement import Judgement, harmless, outage, security, words
from uplift.review.templates.differences import Change
from uplift.review.templates.known_values import at, is_open
from uplift.review.templates.template import Value
from uplift.review.wording.values import flattened

_LONG = {"allkeys": "~*", "allcommands": "+@all", "allchannels": "&*", "nocommands": "-@all", "resetkeys": "-~*", "resetchannels": "-&*"}
_EVERYTHING = ("~*", "+@all")


def is_wide(access: Value) -> bool:
    """Whether an access string lets a user at every key or every command; one that is off lets nobody in."""
    rules = _rules(access)
    return is_open(access) or ("off" not in rules and any(one in rules for one in _EVERYTHING))


def judge_access_string(change: Change, name: str) -> Iterator[Judgement]:
    """More for whoever knows the password is security, less is an outage for whoever used it."""
    before, after = (_rules(at(side, name)) for side in (change.before, change.after))
    unknown = is_open(at(change.before, name)) or is_open(at(change.after, name))
    more, less = _exceeds(after, before), _exceeds(before, after)
    if not (unknown or more or less):
        yield harmless("The same rights.").judged(f"{name} written otherwise", words(change, name))
    if unknown or more:
        yield security("Who logs in as this user may do more in Redis.").judged("more is allowed in Redis", words(change, name))
    if unknown or less:
        yield outage("What the user did before is refused.", "see that no client needs it").judged(
            "less is allowed in Redis", words(change, name)
        )


def _rules(access: Value) -> list[str]:
    return [_LONG.get(one, one) for one in flattened(access or "").split()]


def _exceeds(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether the first allows something that the other does not, or takes less away."""
    allowed = [rule for rule in one if not _takes_away(rule)]
    kept = [rule for rule in other if _takes_away(rule) and rule != "-@all"]
    return any(not _is_among(rule, other) for rule in allowed) or any(rule not in one and "-@all" not in one for rule in kept)


def _takes_away(rule: str) -> bool:
    return rule.startswith("-") or rule in {"off", "reset"}


def _is_among(rule: str, rules: Sequence[str]) -> bool:
    sign, text = rule[:1], rule[1:]
    if rule in rules:
        return True
    if sign in {"~", "&"}:
        return any(one[:1] == sign and fnmatchcase(text, one[1:]) for one in rules)
    return sign == "+" and "+@all" in rules
