"""The one reader of YAML: what a person wrote is either read as it stands there, or refused in one line that names file and line.

PyYAML takes the last of two equal keys in silence, ends in a traceback for dates and numbers that are none, and builds whatever
depth and however many copies a file asks for. Here limits are held before anything is built.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import yaml

from uplift.errors import BadInput

MOST_BYTES = 1_048_576  # CloudFormation's own limit of a template; our files have some 20,000.
MOST_DEPTH = 50
MOST_ALIASES = 100
MOST_VALUES = 200_000
_TOO_BIG = f"too big for YAML, allowed: {MOST_BYTES:,} bytes"
_MOST_DIGITS = 20
_MOST_SHOWN = 40
_STANDARD = "tag:yaml.org,2002:"
_SCALARS = frozenset(_STANDARD + name for name in ("null", "bool", "int", "float", "str", "timestamp"))

_NAMES = {
    "!!int": "whole number",
    "!!float": "number",
    "!!bool": "true or false",
    "!!null": "null",
    "!!timestamp": "date or time that exists",
}

LocalTag: TypeAlias = Callable[[str, object], object]
"""From a tag such as `Ref`, without its `!`, and its value, to what both mean."""


class YamlProblem(ValueError):
    """Text that is not read; the message is one line without the file's name."""


def read_yaml(path: Path) -> object:
    """What a file holds: mappings with text as keys, lists, single values. Raises BadInput: file, line, what is wrong, what is allowed."""
    text = read_text(path)
    try:
        return parse_yaml(text)
    except YamlProblem as problem:
        raise BadInput(f"{path}: {problem}") from None


def read_text(path: Path) -> str:
    """A file's text, without a byte order mark. Raises BadInput for one that cannot be read, is too big or is not UTF-8."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as problem:
        raise BadInput(f"{path}: {problem.strerror if isinstance(problem, OSError) else problem}") from None
    if len(content) > MOST_BYTES:
        raise BadInput(f"{path}: {_TOO_BIG}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(f"{path}: not UTF-8 text") from None


def parse_yaml(text: str, local_tag: LocalTag | None = None) -> object:
    """What a text holds. Raises YamlProblem.

    With `local_tag`, the text is read as CloudFormation does: short tags are allowed, keys may be numbers, and dates are text.
    """
    if len(text) > MOST_BYTES:
        raise YamlProblem(_TOO_BIG)
    try:
        composer = _Composer(text)
        root = composer.get_single_node()
    except yaml.MarkedYAMLError as problem:
        place = problem.problem_mark or problem.context_mark
        said = ", ".join(part for part in (problem.context, problem.problem) if part)
        line = f"line {place.line + 1}: " if place is not None else ""
        raise YamlProblem(f"{line}no YAML: {' '.join(said.split())}") from None
    except yaml.reader.ReaderError as problem:
        where = text.count("\n", 0, problem.position) + 1
        raise YamlProblem(f"line {where}: no YAML: the character U+{ord(text[problem.position]):04X} is not allowed") from None
    except (ValueError, OverflowError) as problem:
        # PyYAML's own conversions, such as of "\Uffffffff".
        if isinstance(problem, YamlProblem):
            raise
        raise YamlProblem(f"no YAML: {problem}") from None
    return None if root is None else _Builder(composer, local_tag).value(root)


def _problem(node: yaml.Node | yaml.Event, message: str) -> YamlProblem:
    return YamlProblem(f"line {_line(node)}: {message}")


def _line(node: yaml.Node | yaml.Event) -> int:
    return node.start_mark.line + 1 if node.start_mark is not None else 1


class _Composer(yaml.SafeLoader):
    """Makes nodes of the text and counts them, a copy by an alias as often as it is used."""

    def __init__(self, text: str) -> None:
        self._open: list[str | None] = []
        self._values = 0
        self._aliases = 0
        self._values_of: dict[str, int] = {}
        super().__init__(text)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        anchor: str | None = event.anchor if isinstance(event, yaml.NodeEvent) else None
        before = self._values
        self._values += 1
        if isinstance(event, yaml.AliasEvent):
            self._count_alias(event, anchor)
        if self._values > MOST_VALUES:
            raise _problem(event, f"more values than are allowed: {MOST_VALUES:,}, with those that aliases repeat")
        if len(self._open) >= MOST_DEPTH:
            raise _problem(event, f"nested too deep, allowed: {MOST_DEPTH} levels")
        self._open.append(anchor)
        node = super().compose_node(parent, index)
        self._open.pop()
        if anchor is not None and not isinstance(event, yaml.AliasEvent):
            self._values_of[anchor] = self._values - before
        return node

    def _count_alias(self, event: yaml.AliasEvent, anchor: str | None) -> None:
        self._aliases += 1
        if self._aliases > MOST_ALIASES:
            raise _problem(event, f"more aliases than are allowed: {MOST_ALIASES}")
        if anchor in self._open:
            raise _problem(event, f"the alias *{anchor} is inside what it stands for")
        self._values += self._values_of.get(anchor or "", 0)


class _Builder:
    """Makes values of nodes."""

    def __init__(self, loader: _Composer, local_tag: LocalTag | None) -> None:
        self._loader, self._local_tag = loader, local_tag

    def value(self, node: yaml.Node) -> object:
        """The value of a node and of all below it. Raises YamlProblem."""
        if self._local_tag is not None and node.tag.startswith("!") and len(node.tag) > 1:
            return self._local_tag(node.tag[1:], self._untagged(node))
        if node.tag not in _allowed_tags(node):
            raise _problem(node, f"the tag {_shown(_short(node.tag))} is not allowed; text that looks like one must be in quotes")
        return self._scalar(node) if isinstance(node, yaml.ScalarNode) else self._untagged(node)

    def _untagged(self, node: yaml.Node) -> object:
        match node:
            case yaml.SequenceNode():
                return [self.value(one) for one in node.value]
            case yaml.MappingNode():
                return self._mapping(node)
            case _:
                return _text(node)

    def _mapping(self, node: yaml.MappingNode) -> dict[object, object]:
        built: dict[object, object] = {}
        lines: dict[object, int] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key in built:
                raise _problem(key_node, f"{_shown(str(key))} was given twice, first in line {lines[key]}; allowed: once")
            lines[key] = _line(key_node)
            built[key] = self.value(value_node)
        return built

    def _key(self, node: yaml.Node) -> object:
        allowed = {f"{_STANDARD}str"} if self._local_tag is None else _SCALARS
        if isinstance(node, yaml.ScalarNode) and node.tag in allowed:
            return self._scalar(node)
        found = _shown(node.value) if isinstance(node, yaml.ScalarNode) else "a list or a mapping"
        raise _problem(node, f"{found} is no key: a key is text; put it in quotes if it is meant as text")

    def _scalar(self, node: yaml.ScalarNode) -> object:
        kind = _short(node.tag)
        if kind == "!!str" or (kind == "!!timestamp" and self._local_tag is not None):
            return _text(node)
        if kind == "!!int" and len(node.value) > _MOST_DIGITS:
            raise _problem(node, f"a number of {len(node.value):,} characters, allowed: {_MOST_DIGITS}; put it in quotes if it is text")
        try:
            return self._loader.construct_object(node)
        except (ValueError, KeyError, AttributeError, OverflowError, yaml.YAMLError):
            # What PyYAML's conversions end in for 2020-13-45, `!!int x`, `!!bool x`, `!!timestamp x`.
            raise _problem(node, f"{_shown(node.value)} is no {_NAMES[kind]}; put it in quotes if it is text") from None


def _allowed_tags(node: yaml.Node) -> frozenset[str]:
    match node:
        case yaml.SequenceNode():
            return frozenset([f"{_STANDARD}seq"])
        case yaml.MappingNode():
            return frozenset([f"{_STANDARD}map"])
        case _:
            return _SCALARS


def _text(node: yaml.Node) -> str:
    text = str(node.value)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise _problem(node, "half of a surrogate pair, such as \\ud800, is no character; write the character itself")
    return text


def _short(tag: str) -> str:
    return tag.replace(_STANDARD, "!!", 1)


def _shown(text: str) -> str:
    """One line, whatever it holds."""
    return ascii(text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…")
