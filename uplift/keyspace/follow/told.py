"""What the engine that writes tells one that stands by, with its markers: what it must know to go on in its place."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from struct import Struct

from uplift.keyspace.follow.decision import Policy
from uplift.keyspace.follow.evidence import Span
from uplift.keyspace.follow.gaps import Gaps, Reset, ResetKind
from uplift.keyspace.follow.key_state import Side

_KEPT = Struct(">IBBqQ")


@dataclass(frozen=True, slots=True)
class Kept:
    """A key that was equal on both sides: tokens of both, life, and the round in which it was read."""

    key: bytes
    source: bytes
    target: bytes
    life: int
    round: int


@dataclass(frozen=True, slots=True)
class Told:
    """`oldest`: no unsettled touch is from before this round. `passes`: how many whole passes there were, `complete_since` the round the
    latest began with. `gaps` by server, the source first.
    """

    oldest: int
    policy: Policy
    passes: int
    complete_since: int | None
    gaps: tuple[Gaps, ...]
    kept: tuple[Kept, ...] = field(default=())

    def text(self) -> bytes:
        """As it travels: JSON, and behind a newline the kept keys."""
        head = {
            "oldest": self.oldest,
            "two_way": self.policy.two_way,
            "authority": int(self.policy.authority),
            "passes": self.passes,
            "complete_since": self.complete_since,
            "gaps": [_gaps_as_lists(gaps) for gaps in self.gaps],
        }
        kept = [
            _KEPT.pack(len(one.key), len(one.source), len(one.target), one.life, one.round) + one.key + one.source + one.target
            for one in self.kept
        ]
        return json.dumps(head, separators=(",", ":")).encode() + b"\n" + b"".join(kept)


def told_of(text: bytes) -> Told:
    """From a marker. Raises ValueError, KeyError or struct.error for what no engine of this version says."""
    head, _, kept = text.partition(b"\n")
    found = json.loads(head)
    return Told(
        found["oldest"],
        Policy(found["two_way"], Side(found["authority"])),
        found["passes"],
        found["complete_since"],
        tuple(_gaps_of(lists) for lists in found["gaps"]),
        _kept_of(kept),
    )


def _kept_of(text: bytes) -> tuple[Kept, ...]:
    found, at = [], 0
    while at < len(text):
        key, source, target, life, round_ = _KEPT.unpack_from(text, at)
        at += _KEPT.size
        parts = text[at : at + key], text[at + key : at + key + source], text[at + key + source : at + key + source + target]
        at += key + source + target
        found.append(Kept(*parts, life, round_))
    return tuple(found)


Lists = list[object]


def _gaps_as_lists(gaps: Gaps) -> Lists:
    return [
        gaps.opened,
        [[span.first, span.last] for span in gaps.spans],
        # The keys a failover touched are not told: whoever takes over knows of its own, and takes the others for synced lately.
        [[reset.kind, reset.recent, reset.last] for reset in gaps.resets],
    ]


def _gaps_of(lists: list[list[list[int]]]) -> Gaps:
    opened, spans, resets = lists
    return Gaps(
        opened,  # type: ignore[arg-type]
        [Span(first, last) for first, last in spans],
        [Reset(ResetKind(kind), recent, frozenset(), last) for kind, recent, last in resets],  # type: ignore[misc]
    )
