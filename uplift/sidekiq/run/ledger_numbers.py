"""Numbers of a ledger. Somebody else may have written there: then nothing is moved by it."""

from __future__ import annotations

from uplift.errors import UpliftError
from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.replies import as_list, as_optional_bytes


class LedgerUnreadable(UpliftError):
    """A ledger holds something else than numbers; nothing was moved by it."""

    code = "LedgerUnreadable"


def ledger_numbers(connection: Connection, ledger: bytes, *fields: str) -> list[int | None]:
    """Fields of a hash; None for one that is not there. Raises LedgerUnreadable, and what Connection.call raises."""
    return [
        _number(ledger, field, as_optional_bytes(one))
        for field, one in zip(fields, as_list(connection.call("HMGET", ledger, *fields)), strict=True)
    ]


def _number(ledger: bytes, field: str, text: bytes | None) -> int | None:
    if text is None:
        return None
    if not text.isdigit() or len(text) > 15:
        raise LedgerUnreadable(
            f"{ledger.decode('utf-8', 'replace')}: field {field} is no number of at most 15 digits, somebody else wrote there: nothing is "
            "moved, and what is in outboxes stays; mend it by hand"
        )
    return int(text)
