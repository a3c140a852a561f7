"""`config/acknowledged.yaml`: findings that somebody takes upon themselves, with a reason and an end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from uplift.errors import BadInput
from uplift.review.finding import Finding, Impact
from uplift.strict_yaml import read_yaml

DEFAULT_FILE = Path("config/acknowledged.yaml")
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Acknowledgement(BaseModel):
    """One entry. `stack` and `resource` are named exactly; `until` is the last day it holds."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    stack: _Text
    resource: _Text
    impact: Annotated[Impact, Field(alias="class")]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=10)]
    by: _Text
    until: date

    def covers(self, finding: Finding) -> bool:
        """Whether this is about the finding."""
        return (self.stack, self.resource, self.impact) == (finding.stack, finding.resource, finding.impact)


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    acknowledged: tuple[Acknowledgement, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding, and who has acknowledged it."""

    finding: Finding
    acknowledgement: Acknowledgement | None = None


def load_acknowledgements(path: Path, *, required: bool) -> tuple[Acknowledgement, ...]:
    """Read the file; one that is not there is empty unless it is `required`. Raises BadInput: file, field, what is allowed."""
    if not path.is_file():
        if required:
            raise BadInput(f"{path}: does not exist, expected: a file with acknowledged: [...]")
        return ()
    content = read_yaml(path)
    try:
        return _File.model_validate(content or {}).acknowledged
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "(whole file)"
        message = first["msg"][0].lower() + first["msg"][1:]
        raise BadInput(f"{path}: {place}: found {first.get('input')!r}, allowed: {message}") from None


def judge(findings: Sequence[Finding], acknowledgements: Sequence[Acknowledgement], *, today: date) -> Iterator[Judged]:
    """Each finding with what covers it, and one finding more for each entry that has expired or covers nothing."""
    holding = [one for one in acknowledgements if one.until >= today]
    leftovers = [_expired(one) for one in acknowledgements if one.until < today]
    leftovers += [_idle(one) for one in holding if not any(one.covers(finding) for finding in findings)]
    judged = [Judged(finding, next((one for one in holding if one.covers(finding)), None)) for finding in findings]
    judged += [Judged(finding) for finding in leftovers]
    yield from sorted(judged, key=lambda one: one.finding.impact.rank)


def _expired(entry: Acknowledgement) -> Finding:
    return Finding(
        Impact.PROTECTION,
        entry.stack,
        entry.resource,
        "acknowledgement",
        f"an acknowledgement of {entry.impact} has expired",
        f"It held until {entry.until} ({entry.by}: {entry.reason}).",
        "remove the entry, or give it a new date and reason",
    )


def _idle(entry: Acknowledgement) -> Finding:
    """Harmless: it may wait for an environment that is deployed later."""
    return Finding(
        Impact.HARMLESS,
        entry.stack,
        entry.resource,
        "acknowledgement",
        f"an acknowledgement of {entry.impact} covers nothing here",
        f"{entry.by}: {entry.reason}. It holds until {entry.until}.",
        "remove the entry once every environment is deployed",
    )
