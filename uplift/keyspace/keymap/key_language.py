"""The set of keys a pattern matches, as an automaton over bytes: enough to say whether two patterns share a key.

Why not a library: greenery, which builds whole automata over Unicode, had not ended on the key map of vets-api after ten
minutes. Walking the pairs of states that can really be reached takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

ALL_BYTES = (1 << 256) - 1
# A regular expression of a person has tens; one of 20,000 takes seconds, and `((a{999}){999}){999}` all memory.
_MOST_STATES = 20_000
_MOST_PAIRS = 50_000


class NotSupported(ValueError):
    """What a key map may not use: a construct of regular expressions such as a look-ahead, or an expression too big to be judged."""


Moves = tuple[tuple[int, int], ...]
"""Bytes as a bit mask, and the state they lead to."""


@dataclass
class Language:
    """A non-deterministic automaton from state 0 to `accepting`. Built by the methods that take a start and return an end."""

    steps: list[list[tuple[int, int]]] = field(default_factory=lambda: [[]])
    free: list[list[int]] = field(default_factory=lambda: [[]])
    accepting: int = 0
    _moves: dict[int, Moves] = field(default_factory=dict)
    _ends: dict[int, bool] = field(default_factory=dict)

    def _state(self) -> int:
        if len(self.steps) >= _MOST_STATES:
            raise NotSupported("so big an expression is not supported in a key map: use smaller or fewer repeats")
        self.steps.append([])
        self.free.append([])
        return len(self.steps) - 1

    def step(self, start: int, mask: int) -> int:
        """Let one byte of `mask` follow. Raises NotSupported for a language that grows too big."""
        end = self._state()
        self.steps[start].append((mask, end))
        return end

    def literal(self, start: int, text: bytes) -> int:
        """Let `text` follow."""
        for byte in text:
            start = self.step(start, 1 << byte)
        return start

    def anything(self, start: int) -> None:
        """Let any bytes follow."""
        self.steps[start].append((ALL_BYTES, start))

    def joined(self, ends: Iterable[int]) -> int:
        """One end for several."""
        join = self._state()
        for end in ends:
            self.free[end].append(join)
        return join

    def back(self, end: int, start: int) -> None:
        """Let what follows `start` follow `end` as well: a loop."""
        self.free[end].append(start)

    def moves(self, state: int) -> Moves:
        """Where one byte leads from a state. Remembered: the language must be complete."""
        found = self._moves.get(state)
        if found is None:
            masks: dict[int, int] = {}
            for reached in self._closure(state):
                for mask, following in self.steps[reached]:
                    masks[following] = masks.get(following, 0) | mask
            found = self._moves[state] = tuple((mask, following) for following, mask in masks.items() if mask)
        return found

    def ends(self, state: int) -> bool:
        """Whether a key may end here."""
        found = self._ends.get(state)
        if found is None:
            found = self._ends[state] = self.accepting in self._closure(state)
        return found

    def _closure(self, state: int) -> set[int]:
        reached, open_states = {state}, [state]
        while open_states:
            for following in self.free[open_states.pop()]:
                if following not in reached:
                    reached.add(following)
                    open_states.append(following)
        return reached


def exactly(text: bytes) -> Language:
    """One key. Raises NotSupported for one too long to be judged."""
    language = Language()
    language.accepting = language.literal(0, text)
    return language


def beginning_with(text: bytes) -> Language:
    """Every key with this beginning. Raises NotSupported for one too long to be judged."""
    language = exactly(text)
    language.anything(language.accepting)
    return language


def share_a_key(one: Language, other: Language) -> bool:
    """Whether some key is in both. Raises NotSupported where that takes too long to say."""
    seen, open_pairs = {(0, 0)}, [(0, 0)]
    while open_pairs:
        state, other_state = open_pairs.pop()
        if one.ends(state) and other.ends(other_state):
            return True
        theirs = other.moves(other_state)
        for mask, reached in one.moves(state):
            for other_mask, other_reached in theirs:
                pair = (reached, other_reached)
                if mask & other_mask and pair not in seen:
                    seen.add(pair)
                    open_pairs.append(pair)
        _refuse_too_many(len(seen))
    return False


def is_within(one: Language, others: list[Language]) -> bool:
    """Whether every key of `one` is in at least one of `others`. Raises NotSupported where that takes too long to say."""
    first = (0, tuple(frozenset([0]) for _ in others))
    seen, open_pairs = {first}, [first]
    while open_pairs:
        state, covers = open_pairs.pop()
        accepted = any(other.ends(place) for other, cover in zip(others, covers, strict=True) for place in cover)
        if one.ends(state) and not accepted:
            return False
        moves = [[move for place in cover for move in other.moves(place)] for other, cover in zip(others, covers, strict=True)]
        for mask, reached in one.moves(state):
            for byte in _representatives(mask, moves):
                following = tuple(frozenset(target for allowed, target in own if allowed >> byte & 1) for own in moves)
                pair = (reached, following)
                if pair not in seen:
                    seen.add(pair)
                    open_pairs.append(pair)
        _refuse_too_many(len(seen))
    return True


def _refuse_too_many(pairs: int) -> None:
    if pairs > _MOST_PAIRS:
        raise NotSupported("so big an expression is not supported in a key map: it takes too long to compare with the other rules")


def _representatives(mask: int, moves: list[list[tuple[int, int]]]) -> list[int]:
    """One byte of each set of bytes that no move tells apart."""
    sets = {mask}
    for own in moves:
        for allowed in {allowed for allowed, _ in own}:
            sets = {part for found in sets for part in (found & allowed, found & ~allowed) if part}
    return [(found & -found).bit_length() - 1 for found in sets]
