"""Every single value of the settings: blanks, another type and another script's digits are refused, each in words."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import ValidationError

from tests.settings.whole import Place, changed, leaves, whole_content
from uplift.settings.environment import EnvironmentSettings
from uplift.settings.mistakes import mistakes_in_words

WHOLE = whole_content()
LEAVES = list(leaves(WHOLE))
TEXTS = [(place, value) for place, value in LEAVES if isinstance(value, str)]
NUMBERS = [(place, value) for place, value in LEAVES if isinstance(value, int) and not isinstance(value, bool)]
SWITCHES = [(place, value) for place, value in LEAVES if isinstance(value, bool)]
# A regular expression's signs, and how pydantic begins its own messages.
NOT_FOR_PEOPLE = re.compile(r"\^|\\d|\[0-9|\[a-z|\(\?|[Ii]nput should|valid (string|integer|boolean|dictionary|tuple)|pydantic|type=")
FREE = {"managed_by", "managed_by_line", "by", "acknowledged_by", "alarms_to_mute"}
MAY_BE_EMPTY = {"notify-keyspace-events"}


def _ids(rows: list[tuple[Place, Any]]) -> list[str]:
    return [".".join(map(str, place)) for place, _ in rows]


def _refusal(place: Place, value: Any) -> str:
    with pytest.raises(ValidationError) as problem:
        EnvironmentSettings.model_validate(changed(WHOLE, place, value))
    said = mistakes_in_words(EnvironmentSettings, problem.value.errors(include_url=False))
    assert not NOT_FOR_PEOPLE.search(said), said
    assert "\n" not in said
    field = ".".join(str(part) for part in place if isinstance(part, str))
    assert any(sentence.startswith(field) for sentence in said.split("; ")), said
    return said


def test_the_whole_is_valid_and_has_every_field() -> None:
    settings = EnvironmentSettings.model_validate(WHOLE)
    for section in (settings, *(getattr(settings, name) for name in type(settings).model_fields)):
        if hasattr(section, "model_fields_set"):
            assert section.model_fields_set == set(type(section).model_fields), type(section)
    assert EnvironmentSettings.model_validate(settings.model_dump()) == settings


@pytest.mark.parametrize(("place", "value"), TEXTS, ids=_ids(TEXTS))
def test_a_text_is_not_blank(place: Place, value: str) -> None:
    for blank in ("", " ", "\t", "\u00a0", "\u3000", "\n"):
        if blank or place[-1] not in MAY_BE_EMPTY:
            _refusal(place, blank)
    for around in (f"{value}\n", f" {value}", f"{value} ", f"{value}\u200b", f"{value}\x00"):
        _refusal(place, around)


@pytest.mark.parametrize(("place", "value"), TEXTS, ids=_ids(TEXTS))
def test_a_text_is_nothing_else(place: Place, value: str) -> None:
    for other in (5, 6.2, True, False, ["a"], {"a": "b"}):
        said = _refusal(place, other)
        if isinstance(other, int | float) and place[-1] not in {"kind", "stacks", "engine", "not_after"} and "acknowledged" not in place:
            assert "in quotes" in said
    if place != ("upgrade", "not_after"):
        _refusal(place, f"{value}${{Token[TOKEN.7]}}")
        _refusal(place, f"{value}{{{{resolve:ssm:name}}}}")


@pytest.mark.parametrize(("place", "value"), TEXTS, ids=_ids(TEXTS))
def test_digits_are_ascii(place: Place, value: str) -> None:
    if not re.search("[0-9]", value) or FREE & set(map(str, place)):
        return
    for number, sign in enumerate(value):
        if sign in "0123456789":
            for zero in ("\u0660", "\uff10"):
                _refusal(place, f"{value[:number]}{chr(ord(zero) + int(sign))}{value[number + 1 :]}")


@pytest.mark.parametrize(("place", "value"), NUMBERS, ids=_ids(NUMBERS))
def test_a_number_is_whole_and_between_bounds_that_are_said(place: Place, value: int) -> None:
    for other in (True, False, 1.5, 3.0, "many", "", "\u0665", None if place[-1] == "replicas" else "-1", [1], {"a": 1}, -1):
        said = _refusal(place, other)
        assert re.search(r"allowed: a whole number (from [0-9,]+ to [0-9,]+|of [0-9,]+ or more)|allowed: 30, 90", said), said
    if place[-1] != "log_retention_days":
        assert EnvironmentSettings.model_validate(changed(WHOLE, place, str(value)))


@pytest.mark.parametrize(("place", "value"), SWITCHES, ids=_ids(SWITCHES))
def test_a_switch_is_true_or_false(place: Place, value: bool) -> None:
    for other in (1, 0, "true", "no", "", 1.0, [True]):
        assert "allowed: true or false" in _refusal(place, other)


SECTIONS = sorted({place[:-1] for place, _ in LEAVES if place[:-1]}, key=str)


@pytest.mark.parametrize("section", SECTIONS, ids=[".".join(map(str, place)) for place in SECTIONS])
def test_a_section_and_a_list_are_nothing_else(section: Place) -> None:
    for other in ("text", 5, True):
        said = _refusal(section, other)
        assert re.search("allowed: (a list|a mapping of names to values|a mapping with the fields )", said), said
