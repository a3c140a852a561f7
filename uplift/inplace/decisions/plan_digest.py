"""What somebody approves: the plan of one upgrade, as a digest. Another legacy, version, node or parameter is another plan.

All parameters count, defaults too: AWS does not say whether a value equal to its default is listed as set by a person.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from uplift.inplace.decisions.expected_outage import expected_outage
from uplift.inplace.decisions.parameter_changes import ParameterFinding, effective_parameters
from uplift.inplace.records.observation import Observation
from uplift.inplace.records.run_settings import RunSettings
from uplift.settings.upgrade import Acknowledgement

_DIGITS = 16


def plan_digest(
    observation: Observation,
    settings: RunSettings,
    new_parameters: Mapping[str, str],
    parameters: list[ParameterFinding],
    needed: frozenset[Acknowledgement],
) -> str:
    """Sixteen hexadecimal digits over everything of a plan that does not pass by itself, as time, memory and lag do."""
    content = {
        "source": [observation.kind, observation.id],
        "nodes": sorted([member.id, member.node_type, member.engine_version] for member in observation.members),
        "automatic_failover": observation.automatic_failover,
        "target": str(settings.target),
        "attempt": settings.attempt,
        "parameters": sorted(finding.text for finding in parameters),
        "new_parameters": sorted(effective_parameters(new_parameters, settings.target.family).items()),
        "outage": expected_outage(observation),
        "needed": sorted(needed),
        "managed_by": [settings.managed_by, settings.managed_by_line],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:_DIGITS]
