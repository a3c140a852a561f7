"""cfn-lint as a reader of templates: what its error rules object to, in the schemas of one region.

It is imported only when there is something to lint: the import takes longer than a review without it (bench/review.py). Its rules
are run without its command line, so no `.cfnlintrc` and no Metadata of a template changes what a review finds.
"""

from __future__ import annotations

import copy
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from uplift.review.templates.schemas import schema_folder
from uplift.review.templates.template import Value

_NO_RULES_OF_DEPLOYS = (
    # Advice, or about how a template is written.
    "E1029",
    "E3050",
    "E4001",
    "E4002",
    # Errors of cfn-lint itself.
    "E0002",
    "E0003",
    # What our own rules say in other words, over the whole template: cycles, DependsOn, conditions, limits, names, state machines, rates.
    "E3004",
    "E3005",
    "E3015",
    "E8002",
    "E6005",
    "E3010",
    "E2010",
    "E6010",
    "E7010",
    "E1002",
    "E3019",
    "E3601",
    "E3027",
    # group/refused_nodes.py says it for what is not written in the parameter group as well.
    "E3026",
)


@dataclass(frozen=True, slots=True)
class Objection:
    """What one rule objects to, and where in the template."""

    rule: str
    path: tuple[str | int, ...]
    message: str

    @property
    def subject(self) -> str:
        """The name the message begins with, where it begins with one."""
        return self.message[1:].partition("'")[0] if self.message.startswith("'") else ""


def objections(document: dict[str, Value], region: str) -> Iterator[Objection]:
    """Everything the rules of errors object to. The document is not changed. Raises BadInput where cfn-lint is not installed."""
    schema_folder()
    has_databases = any(str(one.get("Type", "")).startswith("AWS::RDS::") for one in document.get("Resources", {}).values())
    with _without_collection():
        from cfnlint.decode.utils import convert_dict
        from cfnlint.template import Template

        template = Template(None, convert_dict(copy.deepcopy(document)), [region])
        matches = _rules(has_databases).run(None, template)
    for match in matches:
        path = tuple(str(part) if isinstance(part, str) else part for part in getattr(match, "path", None) or ())
        yield Objection(str(match.rule.id), path, str(match.message))


@cache
def _rules(with_databases: bool) -> Any:
    """All rules of errors, once for a process. Those of RDS load a third of all data of cfn-lint's rules."""
    from cfnlint.config import _DEFAULT_RULESDIR
    from cfnlint.helpers import create_rules, import_filename
    from cfnlint.rules import RulesCollection

    rules = RulesCollection(["W", "I", *_NO_RULES_OF_DEPLOYS])
    for file in sorted(Path(_DEFAULT_RULESDIR).rglob("[A-Za-z]*.py")):
        if with_databases or file.parent.name != "rds":
            rules.extend(create_rules(import_filename(file.stem, str(file.parent))))
    return rules


@contextmanager
def _without_collection() -> Iterator[None]:
    """Importing cfn-lint makes many objects that all stay: looking for garbage among them doubles the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
