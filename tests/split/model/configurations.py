"""What is explored: bounds within which the protocol holds, and controls that leave a part of it out."""

from __future__ import annotations

from tests.split.model.state import Bounds, Configuration

HOLDING = (
    Configuration("two commands, no death", Bounds(asks=2, deaths=0)),
    Configuration("one command, two deaths", Bounds(asks=1, deaths=2)),
    Configuration("two commands, a death, a failure", Bounds(asks=2, deaths=1)),
)
LARGER = (Configuration("three commands, two deaths, two failures", Bounds(asks=3, deaths=2, failures=2)),)
CONTROLS = (
    Configuration("the pointer is written whatever the record says", Bounds(asks=1, deaths=1), checks_revision=False),
    Configuration("--on-go is run again by the next engine", Bounds(asks=1, deaths=1), repeats_hook=True),
    Configuration("whatever is inherited is undone", Bounds(asks=1, deaths=1), undoes_only_before_the_flip=False),
    Configuration("what is left to do is forgotten", Bounds(asks=1, deaths=0), keeps_unfinished=False),
)
