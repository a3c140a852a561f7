"""What the base is held against: known entries, the same table in a dict, and drawn steps that both take."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from uplift.keyspace.follow.base import Base, BaseEntry


def key_of(number: int) -> bytes:
    return b"session:%d" % number


def entry_of(number: int, version: int) -> BaseEntry:
    """What can have been put for this key only, and in one put only."""
    token = number.to_bytes(4, "big") + version.to_bytes(4, "big")
    return BaseEntry(b"S" + token, b"D" + token, -1 if version % 3 == 0 else version * 10_000 + number, (version << 33) + number)


@dataclass
class Model:
    """The same in a dict. `unknown` are the keys in doubt."""

    entries: dict[int, BaseEntry] = field(default_factory=dict)
    unknown: set[int] = field(default_factory=set)

    def put(self, number: int, entry: BaseEntry) -> None:
        self.forget(number)
        self.entries[number] = entry

    def forget(self, number: int) -> None:
        self.entries.pop(number, None)
        self.unknown.discard(number)

    def doubt(self, number: int) -> None:
        self.forget(number)
        self.unknown.add(number)

    def answer(self, number: int) -> tuple[BaseEntry | None, bool]:
        entry = self.entries.get(number)
        return entry, entry is None and number not in self.unknown


def answer(base: Base, number: int) -> tuple[BaseEntry | None, bool]:
    return base.get(key_of(number)), base.was_absent(key_of(number))


@dataclass(frozen=True)
class Step:
    name: str
    number: int
    version: int

    def on_base(self, base: Base) -> None:
        match self.name:
            case "put":
                base.put(key_of(self.number), entry_of(self.number, self.version))
            case "forget":
                base.forget(key_of(self.number))
            case _:
                base.doubt(key_of(self.number))

    def on_model(self, model: Model) -> None:
        match self.name:
            case "put":
                model.put(self.number, entry_of(self.number, self.version))
            case "forget":
                model.forget(self.number)
            case _:
                model.doubt(self.number)


def drawn_step(rng: random.Random, keys: int) -> Step:
    name = rng.choices(["put", "forget", "doubt"], [70, 15, 15])[0]
    return Step(name, rng.randrange(keys), rng.randrange(1 << 14))


def check(base: Base, model: Model, keys: int) -> None:
    assert base.entries == len(model.entries)
    wrong = [number for number in range(keys) if answer(base, number) != model.answer(number)]
    assert wrong == []
