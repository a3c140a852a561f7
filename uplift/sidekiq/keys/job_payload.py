"""What a job's payload says of the job apart from its arguments: those are personal data, and nothing here gives them to anybody.

Payloads are read to be counted, and never written again; whatever bytes they are, they are survived.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass

_JID = re.compile(rb'"jid":"([^"]{1,64})"')
NO_CLASS = "(no class)"
"""Of a payload that is no JSON, or has no name of a Ruby class where one should be: it may be anything, and is not shown."""
_RUBY_CLASS = re.compile(r"[A-Z]\w*(::[A-Z]\w*)*")
_LONGEST_CLASS = 200
# Until Sidekiq 8 times are seconds as a float, from then on whole milliseconds (sidekiq 8.0 lib/sidekiq/api.rb). Nothing was enqueued
# in the year 5138, which 1e11 seconds would be.
_FIRST_MILLISECOND = 1e11


def jids_in(payload: bytes) -> list[bytes]:
    """All that a payload names, by its bytes: its own, and those that its arguments may have."""
    return _JID.findall(payload)


@dataclass(frozen=True, slots=True)
class JobPayload:
    """`job_class`: for ActiveJob the class that was wrapped. `queue` None: it names none. `is_of_batch`: it has a `bid`.

    `since`: when it was enqueued, in seconds since 1970.
    """

    job_class: str = NO_CLASS
    queue: bytes | None = None
    since: float | None = None
    is_of_batch: bool = False


def read_payload(payload: bytes) -> JobPayload:
    """Parse a payload; of one that is none everything is unknown."""
    try:
        said = json.loads(payload.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        return JobPayload()
    if not isinstance(said, dict):
        return JobPayload()
    return JobPayload(_class(said), _queue(said.get("queue")), _since(said), isinstance(said.get("bid"), str))


def _class(said: dict[str, object]) -> str:
    arguments = said.get("args")
    first = arguments[0] if isinstance(arguments, list) and arguments else None
    # Before Rails 5 nothing but the first argument of the wrapper names the class.
    inside = (
        first.get("job_class")
        if isinstance(first, dict) and str(said.get("class")).endswith(("JobWrapper", "ActiveJob::Wrapper"))
        else None
    )
    for name in (said.get("wrapped"), inside, said.get("class")):
        if isinstance(name, str) and len(name) <= _LONGEST_CLASS and _RUBY_CLASS.fullmatch(name):
            return name
    return NO_CLASS


def _queue(name: object) -> bytes | None:
    try:
        return name.encode("utf-8", "surrogateescape") if isinstance(name, str) else None
    except UnicodeEncodeError:
        return None


def _since(said: dict[str, object]) -> float | None:
    moment = said.get("enqueued_at", said.get("created_at"))
    if isinstance(moment, bool) or not isinstance(moment, int | float) or not math.isfinite(moment) or moment <= 0:
        return None
    return moment / 1000 if moment >= _FIRST_MILLISECOND else float(moment)
