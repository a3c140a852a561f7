"""A resource that goes, by what it did."""

from __future__ import annotations

from tests.review.edits import APP_CACHE, SECURITY_GROUP, UPGRADE, attribute, both, remove
from tests.review.pairs import BEHAVIOUR, LOSS, OUTAGE, PROTECTION, SECURITY, Pair
from tests.review.rule_edits import (
    A_RULE,
    APPLICATION,
    CONTROL,
    EVENTS_POLICY,
    FACT,
    FUNCTION,
    LOGS,
    NEW,
    QUEUE,
    SCHEDULE,
    SHUT,
    TOPIC,
    deny,
    new,
    policy,
)

_A_RECORD = new(
    "AWS::Route53::RecordSet", APP_CACHE, "Record", Name="redis.internal", Type="CNAME", TTL="60", ResourceRecords=["a"], HostedZoneId="z"
)
_AN_ENDPOINT = new(
    "AWS::EC2::VPCEndpoint",
    APP_CACHE,
    "Endpoint",
    ServiceName="com.amazonaws.us-gov-west-1.secretsmanager",
    VpcId="v",
    SubnetIds=["a", "b"],
    PrivateDnsEnabled=True,
)
_DENIES = both(
    new("AWS::S3::Bucket", logical_id="Kept", PublicAccessBlockConfiguration=SHUT),
    new(
        "AWS::S3::BucketPolicy", logical_id="Denial", Bucket={"Ref": "Kept"}, PolicyDocument=policy(deny("s3:DeleteObject", Principal="*"))
    ),
)
REMOVED = [
    Pair("a topic of alarms removed", remove(TOPIC), PROTECTION, "told nothing any more", TOPIC),
    Pair("a topic's policy removed", remove(EVENTS_POLICY), PROTECTION, "may no longer arrive", EVENTS_POLICY),
    Pair("a bucket's denial removed", remove("Denial", UPGRADE), SECURITY, "a denial was removed", "Denial", base=_DENIES),
    Pair(
        "a denial removed with its bucket",
        both(remove("Denial", UPGRADE), remove("Kept", UPGRADE)),
        LOSS,
        "deleted with what it holds",
        "Kept",
        base=_DENIES,
        never=(SECURITY,),
    ),
    Pair("logs removed", remove(LOGS, UPGRADE), PROTECTION, "Its records are gone", LOGS),
    Pair(
        "logs left behind",
        remove(LOGS, UPGRADE),
        PROTECTION,
        "leaves the stack",
        LOGS,
        base=attribute(LOGS, UPGRADE, DeletionPolicy="Retain"),
    ),
    Pair("a fact removed", remove(FACT), OUTAGE, "finds nothing", FACT),
    Pair("a record removed", remove("Record"), OUTAGE, "finds no address", "Record", base=_A_RECORD),
    Pair("the way to Secrets Manager removed", remove("Endpoint"), OUTAGE, "cut off", "Endpoint", base=_AN_ENDPOINT),
    Pair("the reader's policy removed", remove(APPLICATION), OUTAGE, "less is allowed", APPLICATION),
    Pair("another policy removed", remove(CONTROL, UPGRADE), BEHAVIOUR, "less is allowed", CONTROL),
    Pair("a queue of dead letters removed", remove(QUEUE, UPGRADE), PROTECTION, "deleted with what it holds", QUEUE),
    Pair("a function removed", remove(FUNCTION, UPGRADE), BEHAVIOUR, "does nothing any more", FUNCTION),
    Pair("a schedule removed", remove(SCHEDULE, UPGRADE), BEHAVIOUR, "no longer runs", SCHEDULE),
    Pair("a rule that tells removed", remove("Failures", UPGRADE), PROTECTION, "such as failed runs", "Failures", base=A_RULE),
    Pair(
        "nobody may call a function any more",
        remove(NEW, UPGRADE),
        BEHAVIOUR,
        "less is allowed",
        NEW,
        base=new("AWS::Lambda::Permission", Action="lambda:InvokeFunction", FunctionName="f", Principal="events.amazonaws.com"),
    ),
    Pair("a security group removed", remove(SECURITY_GROUP), OUTAGE, "security group removed", SECURITY_GROUP),
]
