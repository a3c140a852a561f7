"""What others read or resolve: facts in Parameter Store and names in DNS."""

from __future__ import annotations

from uplift.review.rules.judgement import Judge, always, amount, behaviour, follower, harmless, listed, outage, protection

_ANOTHER_VALUE = "Whoever reads it is given another value, at its next reading."
PARAMETER: dict[str, Judge] = {
    "Value": always(behaviour(_ANOTHER_VALUE, "see who reads it")),
    "Type": always(behaviour("Whoever reads it is given another form.", "see who reads it")),
    "Policies": always(protection("It may expire, and is then deleted.")),
    "Tier": always(harmless("It costs otherwise.")),
    "AllowedPattern": always(harmless("It is only tried on new values.")),
}
_ELSEWHERE = follower(outage("Whoever connects by this name is led elsewhere.", "see that what it leads to has the data"))
RECORD: dict[str, Judge] = {
    "ResourceRecords": _ELSEWHERE,
    "AliasTarget": _ELSEWHERE,
    "Name": always(outage("Whoever connects by this name finds no address.")),
    "Type": always(outage("Whoever asks for this kind of record finds none.")),
    "TTL": amount(
        less=harmless("Resolvers ask more often."), more=behaviour("Clients keep an old address longer, such as after a failover.")
    ),
    "HealthCheckId": always(protection("The name may lead to something that does not answer.")),
}
BY_TYPE: dict[str, dict[str, Judge]] = {
    "AWS::SSM::Parameter": PARAMETER,
    "AWS::Route53::RecordSet": RECORD,
    "AWS::Route53::RecordSetGroup": {"RecordSets": always(outage("A name may lead elsewhere or nowhere."))},
    "AWS::ElastiCache::SubnetGroup": {
        "SubnetIds": listed(
            removed=behaviour("No new node is placed there; ElastiCache refuses while one is."),
            added=behaviour("New nodes may be placed there."),
        )
    },
}
