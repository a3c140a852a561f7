"""Which jobs a server forgot that had acknowledged them, as far as the other one knows: what a person looks at by hand."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.keyspace.server.connection import Connection, pack
from uplift.sidekiq.keys.job_payload import jids_in
from uplift.sidekiq.mover.chunk import Place, place_of
from uplift.sidekiq.mover.resuming import Stop
from uplift.sidekiq.run.own_names import OwnNames

_MOST_CHUNKS = 100


@dataclass(frozen=True, slots=True)
class ForgottenChunk:
    """`jobs` None: nobody knows any more. `place` of a chunk that the source forgot; `jids` of one that the target forgot."""

    number: int
    jobs: int | None = None
    place: Place | None = None
    jids: tuple[bytes, ...] = ()


def read_forgotten(source: Connection, target: Connection, names: OwnNames, stop: Stop) -> tuple[ForgottenChunk, ...]:
    """The first hundred at most. Raises what Connection.call raises.

    A source that forgot still has these jobs, and so has the target: they run twice. Of a target that forgot the newest outboxes are kept
    on the source, where no replica is waited for: what is not on the target any more is lost.
    """
    numbers = stop.numbers[:_MOST_CHUNKS]
    if stop.source_forgot:
        entries = target.call_all([pack("HGET", names.journal, number) for number in numbers])
        return tuple(_of_journal(number, entry) for number, entry in zip(numbers, entries, strict=True))
    return tuple(_of_outboxes(source, names, number) for number in numbers)


def _of_journal(number: int, entry: object) -> ForgottenChunk:
    jobs, _, rest = entry.partition(b" ") if isinstance(entry, bytes) else (b"", b"", b"")
    return ForgottenChunk(number, int(jobs), place_of(rest.partition(b" ")[2])) if jobs.isdigit() else ForgottenChunk(number)


def _of_outboxes(source: Connection, names: OwnNames, number: int) -> ForgottenChunk:
    for key in (names.outbox(number), names.kept(number)):
        (elements,) = source.call_all([pack("LRANGE", key, 0, -1)])
        jobs = [one for one in elements if isinstance(one, bytes)] if isinstance(elements, list) else []
        # The last one of a payload: a job may have others in its arguments.
        if jids := tuple(jid for job in jobs for jid in jids_in(job)[-1:]):
            return ForgottenChunk(number, len(jids), jids=jids)
    return ForgottenChunk(number)
