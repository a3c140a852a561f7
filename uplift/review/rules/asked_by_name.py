"""What others ask for by a name: a fact in Parameter Store, a name in DNS, an alias of a key. Without it they find nothing."""

from __future__ import annotations

from uplift.review.rules.judgement import Meaning, outage
from uplift.review.templates.differences import Change, Fate

PARAMETER = "AWS::SSM::Parameter"
RECORD = "AWS::Route53::RecordSet"
_NAMES = {
    PARAMETER: ("Name",),
    RECORD: ("Name", "Type", "HostedZoneId", "HostedZoneName"),
    "AWS::KMS::Alias": ("AliasName",),
    "AWS::Route53::HostedZone": ("Name", "VPCs"),
    "AWS::ServiceDiscovery::Service": ("Name", "NamespaceId"),
    "AWS::ServiceDiscovery::PrivateDnsNamespace": ("Name", "Vpc"),
}
_SENTENCES = {
    PARAMETER: "Whoever reads it by its name, such as the application at its start, finds nothing.",
    RECORD: "Whoever connects by this name finds no address.",
}
FINDS_NOTHING = outage("Whoever asks for it by its name finds nothing.", "keep the name until nobody asks for it")


def finds_nothing_by(change: Change) -> Meaning | None:
    """What it means that a name is no longer the same; None where the type has no name, or the name stays."""
    names = _NAMES.get(change.type)
    if names is None:
        return None
    if change.fate is not Fate.REMOVED and not any(one.name in names and not one.follows for one in change.properties):
        return _unnamed(change, names)
    return outage(_SENTENCES.get(change.type, FINDS_NOTHING.sentence), FINDS_NOTHING.action)


def _unnamed(change: Change, names: tuple[str, ...]) -> Meaning | None:
    """One that is made anew without a name of its own is given another by CloudFormation."""
    if change.is_replaced and change.resource.property(names[0]) is None:
        return outage(_SENTENCES.get(change.type, FINDS_NOTHING.sentence), FINDS_NOTHING.action)
    return None
