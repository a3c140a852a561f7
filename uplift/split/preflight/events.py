"""Whether servers tell of their keys: decided by canaries, and said with who must set it where."""

from __future__ import annotations

from uplift.errors import NotSafe, UpliftError
from uplift.keyspace.follow.event_proof import prove_events
from uplift.keyspace.follow.own_keys_there import Place
from uplift.split.preflight.check import Check, Verdict

HOW_TO_SET = (
    "default parameter groups cannot be changed: give the group one of its own, in Terraform with "
    'parameter { name = "notify-keyspace-events" value = "AKE" }, in config/ENV.yaml under parameters: with notify-keyspace-events: AKE; '
    "it works at once, without a restart"
)


def check_events(place: Place, owner: str) -> Check:
    """Write a key of each kind in one database and listen: a few round trips."""
    try:
        unproven = prove_events(place.server, place.endpoint, place.database, owner)
    except NotSafe as silent:
        return Check("notifications", Verdict.REFUSED, f"{silent}; {HOW_TO_SET}")
    except UpliftError as problem:
        return Check(
            "notifications", Verdict.REFUSED, f"{place}: {problem}, expected: a server that takes a few keys of ours and tells of them"
        )
    if unproven is not None:
        return Check("notifications", Verdict.FINE, unproven)
    return Check("notifications", Verdict.FINE, f"{place} tells of every class of events")
