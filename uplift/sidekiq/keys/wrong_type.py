"""A key that is of another type than its name says: not a failure of the server, so whoever reads many keys goes on."""

from __future__ import annotations

from uplift.keyspace.server.replies import ErrorReply, Reply

_WRONG_TYPE = "WRONGTYPE"


def is_wrong_type(answer: Reply | ErrorReply) -> bool:
    """Whether the server refused a command because of the key's type. Raises every other ErrorReply."""
    if not isinstance(answer, ErrorReply):
        return False
    if answer.word != _WRONG_TYPE:
        raise answer
    return True


def unless_wrong_type(answer: Reply | ErrorReply) -> Reply:
    """The answer, None where the key is of another type. Raises every other ErrorReply."""
    if isinstance(answer, ErrorReply):
        is_wrong_type(answer)
        return None
    return answer
