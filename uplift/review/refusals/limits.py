"""How much a template may hold (CloudFormation user guide, "CloudFormation quotas")."""

from __future__ import annotations

import json
from collections.abc import Iterator

from uplift.review.refusals.refusal import Refusal
from uplift.review.templates.template import StackTemplate

_MOST = {"Resources": 500, "Parameters": 200, "Outputs": 200, "Mappings": 200}
_MOST_BYTES = 1_000_000


def exceeded_limits(stack: StackTemplate) -> Iterator[Refusal]:
    """Sections with too many members, and a template that is too long even without its spaces."""
    for name, most in _MOST.items():
        held = len(stack.section(name))
        if held > most:
            yield Refusal("", f"{held} {name.lower()}", f"a template has up to {most}", "divide the stack")
    size = len(json.dumps(stack.document, separators=(",", ":"), default=str).encode())
    if size > _MOST_BYTES:
        yield Refusal("", f"a template of {size:,} bytes", f"CloudFormation takes up to {_MOST_BYTES:,}", "divide the stack")
