"""The key map as a person writes it: key pattern, destination, what to do, and why.

The first rule that matches a key decides. A key no rule matches stops a run: nothing is guessed. file.py reads the
file: what runs in Lambda does not need YAML for that.
"""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator


class Action(StrEnum):
    """What happens to a key: copied; left where it is; or moved by the Sidekiq handover, later and by other means."""

    COPY = "copy"
    SKIP = "skip"
    HANDOVER = "handover"


class TtlClass(StrEnum):
    """Whether keys of a rule should expire: a key without TTL under `expires` is a leak or a lost EXPIRE."""

    EXPIRES = "expires"
    NEVER = "never"
    EITHER = "either"


ANY_RULE = "*"
"""In `overlaps`: shares keys with any other rule, and the order decides."""


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Match(_Strict):
    """Which keys: whole names, beginnings, or one regular expression over the whole key."""

    exact: Words = ()
    prefix: Words = ()
    regex: str | None = None

    @field_validator("regex")
    @classmethod
    def _regex_compiles(cls, value: str | None) -> str | None:
        if value == "":
            raise ValueError("found '', allowed: an expression; exact: '' names the empty key")
        try:
            re.compile((value or "").encode())
        except (re.error, OverflowError) as problem:
            raise ValueError(f"not a regular expression: {problem}") from None
        except RecursionError:
            raise ValueError("not a regular expression: nested too deep") from None
        return value

    @model_validator(mode="after")
    def _something(self) -> Match:
        if not (self.exact or self.prefix or self.regex):
            raise ValueError("needs exact, prefix or regex")
        return self


class RuleText(_Strict):
    """One rule. `root` is put in front of the key on the target, where the key map's `rename` is on."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    match: Match
    to: str
    action: Action = Action.COPY
    root: str = ""
    ttl: TtlClass = TtlClass.EITHER
    ttl_seconds: int | None = Field(default=None, gt=0)
    overlaps: Words = ()
    source: str
    reason: str


class KeyMap(_Strict):
    """The whole file. `rename` is off until the application agrees to the new names."""

    version: Annotated[int, Field(ge=1, le=1)]
    destinations: tuple[str, ...]
    rename: bool = False
    rules: tuple[RuleText, ...]

    @model_validator(mode="after")
    def _names(self) -> KeyMap:
        seen: set[str] = set()
        for rule in self.rules:
            if rule.name in seen:
                raise ValueError(f"rule {rule.name!r} was given twice")
            seen.add(rule.name)
            if rule.to not in self.destinations:
                raise ValueError(f"rule {rule.name!r} goes to {rule.to!r}, allowed: {', '.join(self.destinations)}")
            if rule.root and not rule.root.endswith(":"):
                raise ValueError(f"rule {rule.name!r}: root {rule.root!r} must end with ':'")
        for rule in self.rules:
            if unknown := sorted(set(rule.overlaps) - seen - {ANY_RULE}):
                raise ValueError(f"rule {rule.name!r} overlaps {unknown[0]!r}, which is no rule")
        return self

    @property
    def digest(self) -> str:
        """Changes whenever anything that decides about a key changes; comments do not."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


EVERYTHING = "everything"


def one_target_takes_all(destination: str) -> KeyMap:
    """The key map of a copy without one."""
    rule = RuleText(name=EVERYTHING, match=Match(prefix=("",)), to=destination, source="no key map", reason="one target takes every key")
    return KeyMap(version=1, destinations=(destination,), rules=(rule,))
