"""Where the names of Sidekiq's keys come from that no set of names leads to: a SCAN over all keys, or whoever saw them go by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from uplift.keyspace.server.connection import Connection
from uplift.keyspace.server.names_there import names_there
from uplift.sidekiq.keys.key_kinds import is_like_sidekiqs
from uplift.sidekiq.keys.survey import OfSidekiq, Survey, Surveying


class SurveySteps(Protocol):
    """A survey under way."""

    def step(self) -> Survey | None:
        """A bounded piece of it; the survey, once that is whole. Raises what Connection.call raises."""


class NamesOfSidekiq(Protocol):
    """Of one server, in one database. Both methods ask over the given connection to it, and raise what Connection.call raises."""

    def surveying(self, connection: Connection) -> SurveySteps:
        """A look at all of its keys that begins now."""

    def beginning_with(self, connection: Connection, prefix: bytes) -> tuple[bytes, ...]:
        """The names that begin so. Some of them may be gone."""


@dataclass(frozen=True, slots=True)
class ScannedNames:
    """By a SCAN over all keys, each time."""

    is_of_sidekiq: OfSidekiq = is_like_sidekiqs

    def surveying(self, connection: Connection) -> SurveySteps:
        """As NamesOfSidekiq.surveying."""
        return Surveying(connection, self.is_of_sidekiq)

    def beginning_with(self, connection: Connection, prefix: bytes) -> tuple[bytes, ...]:
        """As NamesOfSidekiq.beginning_with."""
        return tuple(dict.fromkeys(names_there(connection.call, prefix)))
