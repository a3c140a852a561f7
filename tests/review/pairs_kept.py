"""What keeps things, takes them back and tells of them."""

from __future__ import annotations

from typing import Any

from tests.review.edits import APP_CACHE, SUBNETS, TOKEN, UPGRADE, Edit, Templates, put, resource
from tests.review.pairs import BEHAVIOUR, HARMLESS, LOSS, OUTAGE, PROTECTION, SECURITY, Pair
from tests.review.rule_edits import A_RULE, BUCKET, EVENTS_MAIL, IMPORTED, KEY, LOGS, MAIL, NEW, QUEUE, SHUT, TABLE, TOPIC, inside, new


def _rules(**changed: Any) -> Edit:
    def edit(templates: Templates) -> None:
        resource(BUCKET, UPGRADE)(templates)["Properties"]["LifecycleConfiguration"]["Rules"][0].update(changed)

    return edit


def _more_rules(templates: Templates, rule: dict[str, Any]) -> None:
    resource(BUCKET, UPGRADE)(templates)["Properties"]["LifecycleConfiguration"]["Rules"].append(rule)


def _encrypted(key: str | None) -> Edit:
    rule = {"SSEAlgorithm": "aws:kms"} | ({"KMSMasterKeyID": key} if key else {})
    return put(BUCKET, UPGRADE, BucketEncryption={"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": rule}]})


def _rotated(at_once: bool) -> Edit:
    return new(
        "AWS::SecretsManager::RotationSchedule",
        APP_CACHE,
        SecretId={"Ref": TOKEN},
        RotationRules={"AutomaticallyAfterDays": 30},
        RotateImmediatelyOnUpdate=at_once,
    )


_PROVISIONED = put(TABLE, UPGRADE, BillingMode="PROVISIONED")
_RESOLVED = "{{resolve:ssm-secure:a}}"


def _attribute(name: str) -> dict[str, str]:
    return {"AttributeName": name, "AttributeType": "S"}


KEPT = [
    Pair(
        "versioning suspended", inside(BUCKET, UPGRADE, "VersioningConfiguration.Status", "Suspended"), PROTECTION, "versioning off", BUCKET
    ),
    Pair("versioning gone", put(BUCKET, UPGRADE, VersioningConfiguration=None), PROTECTION, "versioning off", BUCKET),
    Pair("versioning, perhaps", inside(BUCKET, UPGRADE, "VersioningConfiguration.Status", IMPORTED), PROTECTION, "versioning off", BUCKET),
    Pair("reports kept shorter", _rules(ExpirationInDays=90), PROTECTION, "objects of", BUCKET),
    Pair("reports kept shorter, perhaps", _rules(ExpirationInDays=IMPORTED), PROTECTION, "kept shorter, perhaps", BUCKET),
    Pair("older versions kept shorter", _rules(NoncurrentVersionExpiration={"NoncurrentDays": 1}), PROTECTION, "older versions", BUCKET),
    Pair("reports kept longer", _rules(ExpirationInDays=800), HARMLESS, "kept longer", BUCKET),
    Pair("everything expires", lambda t: _more_rules(t, {"ExpirationInDays": 7, "Status": "Enabled"}), PROTECTION, "kept shorter", BUCKET),
    Pair(
        "a rule that is off", lambda t: _more_rules(t, {"ExpirationInDays": 7, "Status": "Disabled"}), HARMLESS, "as long as before", BUCKET
    ),
    Pair("nothing expires", put(BUCKET, UPGRADE, LifecycleConfiguration=None), HARMLESS, "kept longer", BUCKET),
    Pair(
        "point-in-time recovery off",
        put(TABLE, UPGRADE, PointInTimeRecoverySpecification=None),
        PROTECTION,
        "can no longer be taken back",
        TABLE,
    ),
    Pair(
        "point-in-time recovery, perhaps",
        put(TABLE, UPGRADE, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": IMPORTED}),
        PROTECTION,
        "off, perhaps",
        TABLE,
    ),
    Pair(
        "a table anybody may delete",
        put(TABLE, UPGRADE, DeletionProtectionEnabled=False),
        PROTECTION,
        "Anybody may delete",
        TABLE,
        base=put(TABLE, UPGRADE, DeletionProtectionEnabled=True),
    ),
    Pair("a table nobody deletes", put(TABLE, UPGRADE, DeletionProtectionEnabled=True), HARMLESS, "by mistake", TABLE),
    Pair(
        "items that expire",
        put(TABLE, UPGRADE, TimeToLiveSpecification={"Enabled": True, "AttributeName": "t"}),
        PROTECTION,
        "deleted by themselves",
        TABLE,
    ),
    Pair("key rotation off", put(KEY, EnableKeyRotation=False), PROTECTION, "no longer renewed", KEY),
    Pair("key rotation gone", put(KEY, EnableKeyRotation=None), PROTECTION, "no longer renewed", KEY),
    Pair("key rotation, perhaps", put(KEY, EnableKeyRotation=IMPORTED), PROTECTION, "off, perhaps", KEY),
    Pair("key rotation on", put(KEY, EnableKeyRotation=True), HARMLESS, "renewed", KEY, base=put(KEY, EnableKeyRotation=False)),
    Pair("a key switched off", put(KEY, Enabled=False), OUTAGE, "can no longer be read", KEY),
    Pair("a key deleted sooner", put(KEY, PendingWindowInDays=7), PROTECTION, "noticed sooner", KEY),
    Pair("logs kept shorter", put(LOGS, UPGRADE, RetentionInDays=1), PROTECTION, "Older logs are deleted", LOGS),
    Pair("logs kept, perhaps shorter", put(LOGS, UPGRADE, RetentionInDays=IMPORTED), PROTECTION, "perhaps for the worse", LOGS),
    Pair("logs kept for ever", put(LOGS, UPGRADE, RetentionInDays=None), HARMLESS, "kept longer", LOGS),
    Pair("logs under another name", put(LOGS, UPGRADE, LogGroupName="other"), PROTECTION, "deleted with it", LOGS),
    Pair("a queue that forgets", put(QUEUE, UPGRADE, MessageRetentionPeriod=60), PROTECTION, "gone sooner", QUEUE),
    Pair("a queue in the clear", put(QUEUE, UPGRADE, SqsManagedSseEnabled=False), SECURITY, "unencrypted", QUEUE),
    Pair("a topic in the clear", put(TOPIC, KmsMasterKeyId=None), SECURITY, "unencrypted", TOPIC),
    Pair("a topic under AWS's key", put(TOPIC, KmsMasterKeyId="alias/aws/sns"), PROTECTION, "tell nobody", TOPIC),
    Pair("a sender's name", put(TOPIC, DisplayName="Uplift"), HARMLESS, "sender's name", TOPIC),
    Pair("a topic renamed", put(TOPIC, TopicName="people"), PROTECTION, "not told any more", TOPIC),
    Pair("somebody else is told", put(MAIL, Endpoint="o@example.gov"), PROTECTION, "Somebody else is told", MAIL),
    Pair("told of less", inside(EVENTS_MAIL, APP_CACHE, "FilterPolicy.Other", ["x"]), PROTECTION, "narrower", EVENTS_MAIL),
    Pair("told of everything", put(EVENTS_MAIL, FilterPolicy=None, FilterPolicyScope=None), BEHAVIOUR, "More is told", EVENTS_MAIL),
    Pair(
        "a part of a filter gone",
        inside(EVENTS_MAIL, APP_CACHE, "FilterPolicy.ElastiCache:SnapshotComplete", None),
        BEHAVIOUR,
        "More is told",
        EVENTS_MAIL,
    ),
    Pair("a rule without targets", put("Failures", UPGRADE, Targets=[]), PROTECTION, "no longer told", "Failures", base=A_RULE),
    Pair(
        "a rule that sees less",
        inside("Failures", UPGRADE, "EventPattern.detail.status", ["FAILED"]),
        PROTECTION,
        "its pattern",
        "Failures",
        base=A_RULE,
    ),
    Pair(
        "a rule that sees more",
        inside("Failures", UPGRADE, "EventPattern.detail.status", ["FAILED", "TIMED_OUT", "ABORTED"]),
        BEHAVIOUR,
        "its pattern",
        "Failures",
        base=A_RULE,
    ),
    Pair("a rule switched off", put("Failures", UPGRADE, State="DISABLED"), PROTECTION, "rule of events off", "Failures", base=A_RULE),
    Pair("a state written out", put("Failures", UPGRADE, State="ENABLED"), HARMLESS, "written otherwise", "Failures", base=A_RULE),
    Pair(
        "public access, in part",
        inside(BUCKET, UPGRADE, "PublicAccessBlockConfiguration.BlockPublicPolicy", False),
        SECURITY,
        "made public again",
        BUCKET,
    ),
    Pair(
        "public access, perhaps",
        inside(BUCKET, UPGRADE, "PublicAccessBlockConfiguration.BlockPublicPolicy", IMPORTED),
        SECURITY,
        "off, perhaps",
        BUCKET,
    ),
    Pair(
        "public access shut",
        put(BUCKET, UPGRADE, PublicAccessBlockConfiguration=SHUT),
        HARMLESS,
        "Less can be made public",
        BUCKET,
        base=put(BUCKET, UPGRADE, PublicAccessBlockConfiguration=None),
    ),
    Pair("a public ACL", put(BUCKET, UPGRADE, AccessControl="PublicRead"), SECURITY, "Anybody may list it", BUCKET),
    Pair(
        "ACLs count again",
        put(BUCKET, UPGRADE, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}),
        SECURITY,
        "count again",
        BUCKET,
    ),
    Pair(
        "every site may read",
        put(BUCKET, UPGRADE, CorsConfiguration={"CorsRules": [{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}]}),
        SECURITY,
        "any site",
        BUCKET,
    ),
    Pair(
        "a bucket as a website", put(BUCKET, UPGRADE, WebsiteConfiguration={"IndexDocument": "i"}), SECURITY, "without signing in", BUCKET
    ),
    Pair("S3's own key, unsaid", put(BUCKET, UPGRADE, BucketEncryption=None), HARMLESS, "The same key", BUCKET),
    Pair("a key of our own", _encrypted("k"), BEHAVIOUR, "needs that key", BUCKET),
    Pair("AWS's key in place of ours", _encrypted(None), SECURITY, "No key policy of ours", BUCKET, base=_encrypted("k")),
    Pair(
        "S3's key in place of ours",
        put(BUCKET, UPGRADE, BucketEncryption=None),
        SECURITY,
        "No key policy of ours",
        BUCKET,
        base=_encrypted("k"),
    ),
    Pair("a key nobody knows", put(BUCKET, UPGRADE, BucketEncryption=IMPORTED), SECURITY, "perhaps loosened", BUCKET),
    Pair(
        "requests no longer written down",
        put(BUCKET, UPGRADE, LoggingConfiguration=None),
        PROTECTION,
        "who read what",
        BUCKET,
        base=put(BUCKET, UPGRADE, LoggingConfiguration={"DestinationBucketName": "b"}),
    ),
    Pair(
        "subnets in another order",
        put(SUBNETS, SubnetIds=["b", "a"]),
        HARMLESS,
        "",
        SUBNETS,
        base=put(SUBNETS, SubnetIds=["a", "b"]),
    ),
    Pair(
        "a rotation that is asked for less often",
        inside(NEW, APP_CACHE, "RotationRules.AutomaticallyAfterDays", 90),
        PROTECTION,
        "lives longer",
        NEW,
        base=_rotated(False),
    ),
    Pair(
        "a rotation that is updated, and at once",
        inside(NEW, APP_CACHE, "RotationRules.AutomaticallyAfterDays", 7),
        OUTAGE,
        "rotates at once",
        NEW,
        base=_rotated(True),
    ),
    Pair(
        "a key of another type",
        put(TABLE, UPGRADE, AttributeDefinitions=[{"AttributeName": "source", "AttributeType": "N"}]),
        LOSS,
        "replaced by an empty one",
        TABLE,
    ),
    Pair(
        "attributes in another order",
        put(TABLE, UPGRADE, AttributeDefinitions=[_attribute("b"), _attribute("source")]),
        HARMLESS,
        "The same attributes",
        TABLE,
        base=put(TABLE, UPGRADE, AttributeDefinitions=[_attribute("source"), _attribute("b")]),
    ),
    Pair("a local index", put(TABLE, UPGRADE, LocalSecondaryIndexes=[{"IndexName": "a"}]), LOSS, "Local indexes", TABLE),
    Pair("paid as by default", put(TABLE, UPGRADE, BillingMode=None), HARMLESS, "the default", TABLE, base=_PROVISIONED),
    Pair(
        "a password more",
        put(NEW, UPGRADE, Passwords=[_RESOLVED, "{{resolve:ssm-secure:b}}"]),
        BEHAVIOUR,
        "goes on working",
        NEW,
        base=new("AWS::ElastiCache::User", Passwords=[_RESOLVED]),
        never=(OUTAGE,),
    ),
    Pair(
        "another password",
        put(NEW, UPGRADE, Passwords=["{{resolve:ssm-secure:b}}"]),
        OUTAGE,
        "another way to log in",
        NEW,
        base=new("AWS::ElastiCache::User", Passwords=[_RESOLVED]),
    ),
    Pair(
        "a MemoryDB that asks nobody",
        put(NEW, UPGRADE, ACLName="open-access"),
        SECURITY,
        "without a password",
        NEW,
        base=new("AWS::MemoryDB::Cluster", ACLName="people"),
    ),
    Pair(
        "a pattern in another order",
        inside("Failures", UPGRADE, "EventPattern.detail.status", ["TIMED_OUT", "FAILED"]),
        HARMLESS,
        "its pattern",
        "Failures",
        base=A_RULE,
    ),
    Pair("a timeout as by default", put(NEW, UPGRADE, Timeout=3), HARMLESS, "the default", NEW, base=new("AWS::Lambda::Function")),
    Pair("memory as by default", put(NEW, UPGRADE, MemorySize=128), HARMLESS, "the default", NEW, base=new("AWS::Lambda::Function")),
    Pair("a key's kind as by default", put(KEY, KeySpec="SYMMETRIC_DEFAULT"), HARMLESS, "the default", KEY),
    Pair("objects till a day", _rules(ExpirationDate="2030-01-01T00:00:00Z", ExpirationInDays=None), PROTECTION, "until a date", BUCKET),
]
