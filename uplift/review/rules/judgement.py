"""What one property's change means, and the kinds of properties that are judged alike: switches, times, lists and names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from uplift.review.finding import UNTIL_TAKEN_BACK, Finding, Impact, Seconds, finding_on
from uplift.review.templates.differences import Change
from uplift.review.templates.known_values import at, known_number, members, truth
from uplift.review.wording.values import all_said, flattened


@dataclass(frozen=True, slots=True)
class Judgement:
    """The class of one change, with the words of its finding."""

    impact: Impact
    what: str
    meaning: str = ""
    action: str = ""
    outage: Seconds | None = None

    def on(self, change: Change, about: Collection[str] = ()) -> Finding:
        """This as a finding on the resource of a change."""
        return finding_on(change, self.impact, self.what, self.meaning, self.action, outage=self.outage, about=about)


# Judges one top-level property of a resource that is there on both sides; no judgement: it says nothing about this one.
Judge = Callable[[Change, str], Iterator[Judgement]]


@dataclass(frozen=True, slots=True)
class Meaning:
    """A class and the sentence that says why, for one direction of a change."""

    impact: Impact
    sentence: str = ""
    action: str = ""

    def judged(self, what: str, before_and_after: str = "") -> Judgement:
        """This meaning under a headline."""
        outage = UNTIL_TAKEN_BACK if self.impact is Impact.OUTAGE else None
        return Judgement(self.impact, what, " ".join(part for part in (self.sentence, before_and_after) if part), self.action, outage)


def data_loss(sentence: str, action: str = "take the change back") -> Meaning:
    """What it holds is gone."""
    return Meaning(Impact.DATA_LOSS, sentence, action)


def protection(sentence: str, action: str = "keep it") -> Meaning:
    """A later mistake or failure costs more, or is noticed later."""
    return Meaning(Impact.PROTECTION, sentence, action)


def security(sentence: str, action: str = "see that it is needed") -> Meaning:
    """More people or programs can do or read more."""
    return Meaning(Impact.SECURITY, sentence, action)


def behaviour(sentence: str = "", action: str = "") -> Meaning:
    """It goes on running, and does something else than before."""
    return Meaning(Impact.BEHAVIOUR, sentence, action)


def outage(sentence: str, action: str = "see that nobody needs it any more") -> Meaning:
    """Somebody is cut off."""
    return Meaning(Impact.OUTAGE, sentence, action)


def harmless(sentence: str = "") -> Meaning:
    """Nothing anybody would notice."""
    return Meaning(Impact.HARMLESS, sentence)


def words(change: Change, name: str) -> str:
    """Every difference under a property, as `Path: before → after`."""
    return all_said(one for one in change.properties if one.name == name)


def follows_only(change: Change, name: str) -> bool:
    """Whether the property is written as before, and only what it refers to is another."""
    found = [one for one in change.properties if one.name == name]
    return bool(found) and all(one.follows for one in found)


def always(meaning: Meaning) -> Judge:
    """Every change of the property means this."""

    def judge(change: Change, name: str) -> Iterator[Judgement]:
        yield meaning.judged(f"{name} changed", words(change, name))

    return judge


def follower(meaning: Meaning) -> Judge:
    """As `always`, but where it only follows a resource that is made anew, it is harmless: that resource has a finding."""

    def judge(change: Change, name: str) -> Iterator[Judgement]:
        if follows_only(change, name):
            yield harmless().judged(f"{name} follows", words(change, name))
        else:
            yield meaning.judged(f"{name} changed", words(change, name))

    return judge


def switch(*, off: Meaning, on: Meaning, default: bool = False, inner: str = "") -> Judge:
    """A switch; `inner` is its place inside the property. One that only a deploy knows may be switched to its worse side."""

    def judge(change: Change, name: str) -> Iterator[Judgement]:
        path = f"{name}.{inner}" if inner else name
        before, after = (truth(at(side, path), default) for side in (change.before, change.after))
        if before is after and before is not None:
            if not inner:
                yield harmless("It is the default.").judged(f"{name} written otherwise", words(change, name))
            return
        to_off, to_on = after is not True and before is not False, after is not False and before is not True
        perhaps = ", perhaps" if before is None or after is None else ""
        sides = [side for side, may_be in (((off, "off"), to_off), ((on, "on"), to_on)) if may_be]
        meaning, word = min(sides, key=lambda side: side[0].impact.rank)
        yield meaning.judged(f"{name} {word}{perhaps}", words(change, name))

    return judge


def amount(*, less: Meaning, more: Meaning, default: float | None = None, inner: str = "") -> Judge:
    """A number; `default` is AWS's where nothing is set. One that only a deploy knows may have gone to its worse side."""

    def judge(change: Change, name: str) -> Iterator[Judgement]:
        path = f"{name}.{inner}" if inner else name
        before, after = (known_number(at(side, path), default) for side in (change.before, change.after))
        if before is not None and before == after:
            if not inner:
                yield harmless("It is the default.").judged(f"{name} written otherwise", words(change, name))
            return
        if before is None or after is None:
            worse = min(less, more, key=lambda meaning: meaning.impact.rank)
            yield worse.judged(f"{name} changed, perhaps for the worse", words(change, name))
        elif after < before:
            yield less.judged(f"{name} less", words(change, name))
        else:
            yield more.judged(f"{name} more", words(change, name))

    return judge


def presence(*, removed: Meaning, added: Meaning, changed: Meaning | None = None) -> Judge:
    """What matters is whether the property is set; `changed`: set on both sides, and another."""

    def judge(change: Change, name: str) -> Iterator[Judgement]:
        before, after = (at(side, name) not in (None, [], {}) for side in (change.before, change.after))
        if before and not after:
            yield removed.judged(f"{name} removed", words(change, name))
        elif after and not before:
            yield added.judged(f"{name} added", words(change, name))
        elif follows_only(change, name):
            yield harmless().judged(f"{name} follows", words(change, name))
        elif changed is not None:
            yield changed.judged(f"{name} changed", words(change, name))

    return judge


def listed(*, removed: Meaning, added: Meaning, inner: str = "") -> Judge:
    """A list whose order says nothing: what goes and what comes. A list that only a deploy knows may have lost its members."""

    def judge(change: Change, name: str) -> Iterator[Judgement]:
        path = f"{name}.{inner}" if inner else name
        old, new = ({flattened(item) for item in members(at(side, path))} for side in (change.before, change.after))
        if old - new:
            yield removed.judged(f"{name}: {', '.join(sorted(old - new))} taken away", "")
        if new - old:
            yield added.judged(f"{name}: {', '.join(sorted(new - old))} added", "")
        if old == new:
            yield harmless("The same members, written otherwise.").judged(f"{name} written otherwise")

    return judge


def parts(judges: Mapping[str, Judge], rest: Meaning | None = None) -> Judge:
    """A property whose parts are judged each by itself; `rest` is what every other part means, where it stands in both templates."""

    def judge(change: Change, name: str) -> Iterator[Judgement]:
        for one in judges.values():
            yield from one(change, name)
        left = [one for one in change.properties if one.name == name and len(one.path) > 1 and one.path[1] not in judges]
        if left:
            yield (rest or behaviour()).judged(f"{name} changed", all_said(left))

    return judge
