"""cfn-lint as a reader of templates: what its error rules object to, in the schemas of one region.

It is imported only when there is something to lint: the import takes longer than a review without it (bench/review.py). Its rules
are run without its command line, so no `.cfnlintrc` and no Metadata of a template changes what a review finds.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

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
    """Everything the rules of errors object to. The document is not changed."""
    from cfnlint.decode.utils import convert_dict
    from cfnlint.template import Template

    template = Template(None, convert_dict(copy.deepcopy(document)), [region])
    seen: set[Objection] = set()
    for match in _rules().run(None, template):
        path = tuple(str(part) if isinstance(part, str) else part for part in getattr(match, "path", None) or ())
        one = Objection(str(match.rule.id), path, str(match.message))
        if one.rule not in _NO_RULES_OF_DEPLOYS and one not in seen:
            seen.add(one)
            yield one


@cache
def _rules() -> Any:
    """All rules of errors, once for a process."""
    from cfnlint.config import _DEFAULT_RULESDIR
    from cfnlint.rules import RulesCollection

    rules = RulesCollection(["W", "I", *_NO_RULES_OF_DEPLOYS])
    rules.create_from_directory(_DEFAULT_RULESDIR)
    return rules
