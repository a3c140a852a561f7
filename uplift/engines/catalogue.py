"""The engine versions ElastiCache knows, and what each one owns.

A version owns its parameter group family, so a wrong pair of the two cannot be written down.
Sources: ElastiCache user guide, "Supported engines and versions" and "Extended Support";
the registry schemas of 2026-10-20 for which versions can still be created.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from uplift.errors import BadInput


class Engine(StrEnum):
    """The two engines ElastiCache runs that speak Redis."""

    REDIS = "redis"
    VALKEY = "valkey"


@dataclass(frozen=True, slots=True)
class EngineVersion:
    """One version as it is asked for in a request (`5.0.6`, but `6.2`: patches cannot be chosen from 6.0)."""

    engine: Engine
    requested: str
    family: str
    creatable: bool = True
    rehearsed: bool = False

    @property
    def number(self) -> tuple[int, ...]:
        """The version as numbers, for comparing within one engine."""
        return tuple(int(part) for part in self.requested.split("."))

    @property
    def patch_is_chosen_by_aws(self) -> bool:
        """From 6.0 a request names major.minor and a describe answers with the patch (`6.2` -> `6.2.6`)."""
        return self.number >= (6, 0)

    def is_reported_as(self, reported: str) -> bool:
        """Whether `reported`, as DescribeCacheClusters gives it, is this version."""
        if not self.patch_is_chosen_by_aws:
            return reported == self.requested
        return reported.split(".")[:2] == self.requested.split(".")[:2]

    def __str__(self) -> str:
        return f"{self.engine} {self.requested}"


def _redis(requested: str, family: str, *, creatable: bool = True, rehearsed: bool = False) -> EngineVersion:
    return EngineVersion(Engine.REDIS, requested, family, creatable, rehearsed)


def _valkey(requested: str, family: str) -> EngineVersion:
    return EngineVersion(Engine.VALKEY, requested, family)


CATALOGUE: tuple[EngineVersion, ...] = (
    _redis("3.2.4", "redis3.2", creatable=False),
    _redis("3.2.6", "redis3.2", creatable=False, rehearsed=True),
    _redis("3.2.10", "redis3.2", creatable=False),
    _redis("4.0.10", "redis4.0"),
    _redis("5.0.0", "redis5.0", creatable=False),
    _redis("5.0.3", "redis5.0", creatable=False),
    _redis("5.0.4", "redis5.0", creatable=False),
    _redis("5.0.5", "redis5.0", creatable=False),
    _redis("5.0.6", "redis5.0", rehearsed=True),
    _redis("6.0", "redis6.x"),
    _redis("6.2", "redis6.x"),
    _redis("7.0", "redis7"),
    _redis("7.1", "redis7"),
    _valkey("7.2", "valkey7"),
    _valkey("8.0", "valkey8"),
    _valkey("8.1", "valkey8"),
    _valkey("8.2", "valkey8"),
    _valkey("9.0", "valkey9"),
    _valkey("9.1", "valkey9"),
)

# What a request may also say: the newest of a major (user guide, "Supported engines and versions": 6.x was its first name).
_ALSO_WRITTEN = {(Engine.REDIS, "6.x"): "6.2"}

OLDEST_RESTORABLE = "4.0.10"

# What ElastiCache has or had beside these (user guide, "Supported engines and versions"): nobody is told that they do not exist.
_NOT_TAKEN: dict[Engine, frozenset[str]] = {
    Engine.REDIS: frozenset({"2.6.13", "2.8.6", "2.8.19", "2.8.21", "2.8.22", "2.8.23", "2.8.24"}),
    Engine.VALKEY: frozenset(),
}


def creatable_versions(engine: Engine) -> tuple[str, ...]:
    """The versions of `engine` that a new group or an upgrade may ask for."""
    return tuple(version.requested for version in CATALOGUE if version.engine is engine and version.creatable)


def why_not_taken(engine: Engine, requested: str) -> str:
    """Why a version of ElastiCache's is none of this catalogue; empty where ElastiCache has none of that name, or it is here."""
    if requested in _NOT_TAKEN[engine]:
        return "is a version of ElastiCache that Uplift does not know how to upgrade"
    major_minor = ".".join(requested.split(".")[:2])
    for version in CATALOGUE:
        if version.engine is engine and version.patch_is_chosen_by_aws and version.requested == major_minor != requested:
            return f"names a patch, which AWS chooses: write {major_minor}"
    other = Engine.VALKEY if engine is Engine.REDIS else Engine.REDIS
    if requested in _NOT_TAKEN[other] or any(version.engine is other and version.requested == requested for version in CATALOGUE):
        return f"is a version of {other}"
    return ""


def known_version(engine: Engine, requested: str) -> EngineVersion | None:
    """Look a version up as a template writes it, which may be `6.x`; None for one ElastiCache never had."""
    named = _ALSO_WRITTEN.get((engine, requested), requested)
    return next((version for version in CATALOGUE if version.engine is engine and version.requested == named), None)


def find_version(engine: Engine, requested: str) -> EngineVersion:
    """Look a version up as settings write it.

    Raises BadInput, naming what is allowed, for a version ElastiCache never had.
    """
    version = known_version(engine, requested)
    if version is not None and version.requested == requested:
        return version
    why = why_not_taken(engine, requested) or "is no version of ElastiCache"
    raise BadInput(f"{engine} {requested} {why}; allowed: {', '.join(creatable_versions(engine))}")


def find_reported_version(engine: Engine, reported: str) -> EngineVersion | None:
    """Look a version up as DescribeCacheClusters reports it; None for one this catalogue does not know."""
    for version in CATALOGUE:
        if version.engine is engine and version.is_reported_as(reported):
            return version
    return None
