"""One run at a time takes jobs from a server: a key there says which. Two with ledgers of their own would each be right, and the order of
the jobs of a queue would be lost between them.
"""

from __future__ import annotations

from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.replies import as_optional_bytes
from uplift.sidekiq.handover.refusals import HandoverRefused
from uplift.sidekiq.run.own_names import TAKEN_FROM_BY


def claim(source: Connection, run: bytes) -> None:
    """Write down that this run takes jobs from the source. Raises HandoverRefused where another one does, and was not ended."""
    source.call("SET", TAKEN_FROM_BY, run, "NX")
    holder = as_optional_bytes(source.call("GET", TAKEN_FROM_BY))
    if holder != run:
        other = (holder or b"").decode("utf-8", "replace")
        raise HandoverRefused(
            f"run {other} takes jobs from the source, or was not ended: go on with its state directory, give --run {other} with a new one, "
            "or end it (`uplift sidekiq end`); two at once would mix the order of the jobs"
        )
