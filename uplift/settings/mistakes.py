"""What pydantic found wrong, as sentences for the person who wrote the file: each names its field and what is allowed there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from uplift.settings.base import PROBLEMS
from uplift.settings.values import REFUSED, did_you_mean, listed, shown, shown_key

# Missing and misspelt fields are said all; of other mistakes as many as somebody mends in one go.
_MOST_OTHERS = 5
_FIELD_MISTAKES = frozenset({"missing", "extra_forbidden"})


def mistakes_in_words(model: type[BaseModel], errors: Sequence[ErrorDetails]) -> str:
    """One line about all of them."""
    said: list[str] = []
    others = left = 0
    for error in errors:
        for sentence in _sentences(model, error):
            others += error["type"] not in _FIELD_MISTAKES
            if error["type"] in _FIELD_MISTAKES or others <= _MOST_OTHERS:
                said.append(sentence)
            else:
                left += 1
    more = f" (and {left} more)" if left else ""
    return f"{'; '.join(said)}{more}"


def _sentences(model: type[BaseModel], error: ErrorDetails) -> Iterator[str]:
    place = [str(part) for part in error["loc"] if part != "[key]"]
    if error["type"] == PROBLEMS:
        yield from (".".join([*map(shown_key, place), problem]) for problem in error["ctx"]["problems"])
        return
    words = _in_words(model, error, place)
    if "[key]" in error["loc"] and not place[-1].strip():
        place, words = place[:-1], f"has a name that {words}"
    between = " " if error["type"] == REFUSED and words.startswith(_VERBS) else ": "
    yield f"{'.'.join(map(shown_key, place)) or '(whole file)'}{between}{words}"


# With these a sentence goes on from the field's name.
_VERBS = ("is ", "has ", "holds ")


def _in_words(model: type[BaseModel], error: ErrorDetails, place: list[str]) -> str:
    found = error["input"]
    match error["type"]:
        case "value_error":
            return str(error["ctx"]["error"])
        case kind if kind == REFUSED:
            return error["msg"]
        case "missing":
            return "missing"
        case "extra_forbidden":
            return _misspelt(model, place)
        case "model_type":
            fields = _fields(_model_at(model, place))
            return f"found {shown(found)}, allowed: a mapping with the fields {', '.join(fields)}"
        case _:
            return f"found {shown(found)}, which is not allowed here"


def _misspelt(model: type[BaseModel], place: list[str]) -> str:
    *parents, name = place
    here = _fields(_model_at(model, parents))
    near = did_you_mean(name, here)
    elsewhere = [path for path in _paths(model) if path.rpartition(".")[2] == name]
    if not near and elsewhere:
        return f"no such field here; allowed: {listed(tuple(elsewhere))}"
    return f"no such field{near}" if near else f"no such field; allowed: {', '.join(here)}"


def _fields(model: type[BaseModel] | None) -> tuple[str, ...]:
    return tuple(model.model_fields) if model is not None else ()


def _section(model: type[BaseModel], field: str) -> type[BaseModel] | None:
    """The model of one field, where it has one."""
    annotation = model.model_fields[field].annotation
    for one in (annotation, *get_args(annotation)):
        if isinstance(one, type) and issubclass(one, BaseModel):
            return one
    return None


def _model_at(model: type[BaseModel], place: list[str]) -> type[BaseModel] | None:
    found: type[BaseModel] | None = model
    for field in place:
        found = _section(found, field) if found is not None and field in found.model_fields else None
    return found


def _paths(model: type[BaseModel], before: str = "") -> Iterator[str]:
    for field in model.model_fields:
        yield f"{before}{field}"
        section = _section(model, field)
        if section is not None:
            yield from _paths(section, f"{before}{field}.")
