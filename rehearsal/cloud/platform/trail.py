"""CloudTrail, which is not modelled: whoever looks into it is told that he may not, and does not wait for what never comes."""

from __future__ import annotations

from typing import NoReturn

from moto.cloudtrail.responses import CloudTrailResponse

from rehearsal.cloud.errors import refused


def install() -> None:
    """Refuse LookupEvents: the CDK CLI asks after a failed deploy of roles, and repeats for half a minute what ends in a server error."""
    CloudTrailResponse.lookup_events = _lookup_events


def _lookup_events(_responses: CloudTrailResponse) -> NoReturn:
    raise refused("AccessDeniedException", "CloudTrail is not modelled here")
