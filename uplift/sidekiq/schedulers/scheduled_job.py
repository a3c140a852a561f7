"""One scheduled job of one gem: where its lock for each instance is, and its switch.

Both gems fire an instance only if the ZADD of its mark adds one, and read the switch at every firing. Sources: sidekiq-scheduler 3.0.1
lib/sidekiq-scheduler/{redis_manager,scheduler}.rb; sidekiq-cron 1.8.0 and 2.0 lib/sidekiq/cron/job.rb.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import assert_never

from uplift.sidekiq.keys.shown_names import whole_name

DEFAULT_NAMESPACE = b"default"


class SchedulerGem(Enum):
    """Who fires it, by the names its keys have."""

    SCHEDULER = "sidekiq-scheduler"
    CRON = "sidekiq-cron 1"
    CRON_IN_NAMESPACE = "sidekiq-cron 2"


@dataclass(frozen=True, slots=True)
class ScheduledJob:
    """`space` is the key prefix of sidekiq-scheduler since 4.0.3, the namespace of sidekiq-cron 2, and empty otherwise."""

    gem: SchedulerGem
    name: bytes
    space: bytes = b""

    @property
    def title(self) -> str:
        """As it is told, whole."""
        name = whole_name(self.name)
        match self.gem:
            case SchedulerGem.SCHEDULER | SchedulerGem.CRON:
                return name
            case SchedulerGem.CRON_IN_NAMESPACE:
                return f"{name} ({whole_name(self.space)})"
            case _:
                assert_never(self.gem)

    @property
    def mark_key(self) -> bytes:
        """A sorted set: a member for each instance that was fired, its second as score."""
        match self.gem:
            case SchedulerGem.SCHEDULER:
                return scheduler_key(b"pushed:" + self.name, self.space)
            case SchedulerGem.CRON | SchedulerGem.CRON_IN_NAMESPACE:
                return self._cron_key + b":enqueued"
            case _:
                assert_never(self.gem)

    def member(self, second: int) -> bytes:
        """The mark of an instance of a second since 1970."""
        match self.gem:
            case SchedulerGem.SCHEDULER:
                return b"%d" % second
            case SchedulerGem.CRON | SchedulerGem.CRON_IN_NAMESPACE:
                return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
            case _:
                assert_never(self.gem)

    @property
    def switch_key(self) -> bytes:
        """A hash."""
        return scheduler_key(b"states", self.space) if self.gem is SchedulerGem.SCHEDULER else self._cron_key

    @property
    def switch_field(self) -> bytes:
        """Of the hash."""
        return self.name if self.gem is SchedulerGem.SCHEDULER else b"status"

    @property
    def off(self) -> bytes:
        """The value that switches it off."""
        return b'{"enabled":false}' if self.gem is SchedulerGem.SCHEDULER else b"disabled"

    @property
    def mark_seconds(self) -> int | None:
        """After how long the gem lets the whole key of marks expire; None: never."""
        return 86_400 if self.gem is SchedulerGem.SCHEDULER else None

    @property
    def counterpart(self) -> ScheduledJob | None:
        """The same job under the names of the other version of sidekiq-cron, which the other side may run."""
        if self.gem is SchedulerGem.CRON:
            return ScheduledJob(SchedulerGem.CRON_IN_NAMESPACE, self.name, DEFAULT_NAMESPACE)
        if self.gem is SchedulerGem.CRON_IN_NAMESPACE and self.space == DEFAULT_NAMESPACE:
            return ScheduledJob(SchedulerGem.CRON, self.name)
        return None

    @property
    def text(self) -> bytes:
        """As a gate's record has it."""
        return _LETTERS[self.gem] + b"%d:" % len(self.space) + self.space + self.name

    @property
    def _cron_key(self) -> bytes:
        space = b"" if self.gem is SchedulerGem.CRON else self.space + b":"
        return b"cron_job:" + space + self.name


_LETTERS = {SchedulerGem.SCHEDULER: b"s", SchedulerGem.CRON: b"c", SchedulerGem.CRON_IN_NAMESPACE: b"n"}


def scheduler_key(what: bytes, prefix: bytes = b"") -> bytes:
    """A key of sidekiq-scheduler."""
    return (prefix + b":" if prefix else b"") + b"sidekiq-scheduler:" + what


def job_of(text: bytes) -> ScheduledJob | None:
    """The job a record names; None where this version knows no such thing."""
    gems = {letter: gem for gem, letter in _LETTERS.items()}
    length, colon, rest = text[1:].partition(b":")
    if text[:1] not in gems or not colon or not length.isdigit():
        return None
    return ScheduledJob(gems[text[:1]], rest[int(length) :], rest[: int(length)])


def cron_job_of(key: bytes, namespace: bytes | None) -> ScheduledJob | None:
    """The job of a member of `cron_jobs` (no namespace) or `cron_jobs:NAMESPACE`; None where it is none of the gem's."""
    head = b"cron_job:" if namespace is None else b"cron_job:" + namespace + b":"
    if not key.startswith(head) or key == head:
        return None
    gem = SchedulerGem.CRON if namespace is None else SchedulerGem.CRON_IN_NAMESPACE
    return ScheduledJob(gem, key[len(head) :], namespace or b"")
