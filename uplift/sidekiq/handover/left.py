"""What a round leaves on the old side: which kind, how many, why, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from uplift.sidekiq.handover.wishes import Part


class Why(Enum):
    """The reasons, in the words of an operator, and what is to be done."""

    NOT_LISTED = (
        "no live process of the new side works on this queue",
        "start a worker there that lists it, or give --any-queue where workers come later",
    )
    NOT_WANTED = ("--queue or --only leaves it out", "run again without them")
    NO_LIST = ("what is under its name is no list of jobs", "look at it by hand: nothing of it is touched")
    NO_PLACE = (
        "what has its name on the new side is of another type, and cannot take it",
        "look at it there by hand, and rename or delete it",
    )
    BATCH_THERE = (
        "the new side has keys of a batch of this id: a producer of the old side still adds to one that moved",
        "switch producers over; join both by hand, then delete what is left here",
    )
    OF_BATCHES = (
        "jobs of batches run where their batch is",
        "keep a worker of the old side until they are done; a batch moves whole once no process is left there",
    )
    BATCH_IN_USE = (
        "a batch moves whole, once no process is left on the old side",
        "keep a worker there until its jobs are done, or stop all of them and do not start one again",
    )
    OF_OTHER_QUEUES = ("they belong to queues that no live process of the new side works on", "start a worker there that lists them")
    OWNER_LIVES = ("a live process works on them", "let it finish, or stop it: what it does not finish it puts back into the queue")
    OWNER_UNSURE = ("their owner has no heartbeat, not yet for long enough", "wait a minute: they are given back then")
    OWNER_UNKNOWN = ("nobody can tell from the name whether the owner lives", "look whether its process is gone, and move them by hand")
    HELD = ("the new side has the same job with another score", "it follows once that one ran or is deleted")
    NO_NUMBER = ("not a plain number", "look at it by hand: nothing of it is touched")


@dataclass(frozen=True, slots=True)
class Left:
    """`name` of a queue, a counter or a private queue; a sorted set is its part. `jobs`: how many at least."""

    part: Part
    name: bytes
    jobs: int
    why: Why
