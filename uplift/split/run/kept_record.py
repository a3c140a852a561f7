"""The record as this engine has it, and the one way to change it."""

from __future__ import annotations

import time

from uplift import __version__
from uplift.errors import BadInput
from uplift.split.record.split_record import SplitRecord
from uplift.split.run.request import SplitRequest
from uplift.split.store.store import SplitStore, StoreConflict, StoreUnreachable

TAKES_OVER_FROM = frozenset({"0.2.0"})
"""Versions whose records this one goes on with. tests/split/records has one of each, and a test that reads it and goes on."""
_GIVEN = ("source", "targets", "keymap", "database")


class KeptRecord:
    """`record` is None until a run was begun. `engine` is this one's name."""

    def __init__(self, store: SplitStore, engine: str) -> None:
        self.store, self.engine = store, engine
        self.record: SplitRecord | None = None

    def refresh(self) -> SplitRecord | None:
        """As it is stored now. Raises BadInput, StoreUnreachable where one that was there is gone."""
        found = self.store.read()
        if found is None and self.record is not None:
            raise StoreUnreachable(f"the record of run {self.record.run} is gone")
        self.record = found
        return found

    @property
    def existing(self) -> SplitRecord:
        """The record, once there is one."""
        if self.record is None:
            raise BadInput("no run was begun, allowed: after `uplift split run`")
        return self.record

    def begin(self, request: SplitRequest) -> SplitRecord:
        """A new run; where another engine was quicker, that one's. Raises NotWritten, BadInput where something of an earlier one is
        there.
        """
        self._refuse_leftovers()
        fresh = fresh_record(request).changed(stage_at=time.time())
        try:
            self.store.write(fresh)
        except StoreConflict:
            return self._there()
        self.record = fresh
        return fresh

    def _refuse_leftovers(self) -> None:
        """A pointer or a request without a record is of a run that nobody knows any more: it is never read as one of this."""
        found = [("a pointer", self.store.read_pointer() is not None), ("a request", self.store.asked() is not None)]
        left = " and ".join(what for what, is_there in found if is_there)
        if left:
            raise BadInput(
                f"--state: it holds {left} of an earlier run, and not its record, allowed: a new or empty place; remove them by hand"
            )

    def _there(self) -> SplitRecord:
        self.refresh()
        return self.existing

    def change(self, **changes: object) -> SplitRecord:
        """The next revision. Raises StoreConflict where somebody else changed it: then this engine does not lead any more, or not alone."""
        changed = self.existing.changed(**changes)
        self.store.write(changed)
        self.record = changed
        return changed

    def lead(self, request: SplitRequest) -> SplitRecord:
        """Write down that this engine leads. Raises StoreConflict.

        Nothing is on the servers before a preflight has let it begin: until then another key map, or other servers, may be given.
        """
        record = self.existing
        if record.engine == self.engine:
            return record
        again = {} if record.is_prechecked else fresh_record(request).model_dump(include=set(_GIVEN))
        return self.change(engine=self.engine, engines_used=record.engines_used + 1, version=__version__, **again)

    @property
    def leads(self) -> bool:
        """Whether that is so, as far as this engine has read."""
        return self.record is not None and self.record.engine == self.engine


def fresh_record(request: SplitRequest) -> SplitRecord:
    """Of a run that begins."""
    return SplitRecord(
        source=str(request.source),
        targets={target.name: str(target.endpoint) for target in request.targets},
        keymap=request.keymap.digest,
        database=request.database,
    )


def refuse_another(record: SplitRecord, request: SplitRequest, place: str) -> None:
    """Return where a record is of the same servers and key map, and of code this one may go on with. Raises BadInput naming what
    differs.
    """
    fresh = fresh_record(request)
    differences = [("the key map", record.keymap, fresh.keymap), ("--from", record.source, fresh.source)]
    names = sorted({*record.targets, *fresh.targets})
    differences += [(f"--to {name}", record.targets.get(name, "nothing"), fresh.targets.get(name, "nothing")) for name in names]
    differences.append(("the database of Sidekiq", str(record.database), str(fresh.database)))
    for what, there, here in differences:
        if there != here:
            raise BadInput(
                f"{place}: it belongs to another split: {what} is {there} there and {here} here, allowed: the same, or another --state"
            )
    if record.version not in TAKES_OVER_FROM:
        raise BadInput(
            f"{place}: uplift {record.version} works on this run, and this is {__version__}, allowed: "
            f"{', '.join(sorted(TAKES_OVER_FROM))}; end it with the version it was begun with"
        )
