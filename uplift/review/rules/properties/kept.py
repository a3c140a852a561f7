"""What keeps things and takes them back: buckets, tables, queues and logs.

Facts: the user guides of S3, DynamoDB, SQS and CloudWatch Logs.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from uplift.review.finding import OPEN_TO_EVERYBODY
from uplift.review.rules.judgement import (
    Judge,
    Judgement,
    always,
    amount,
    behaviour,
    data_loss,
    harmless,
    outage,
    parts,
    presence,
    protection,
    security,
    switch,
    words,
)
from uplift.review.rules.properties.lifecycle import judge_lifecycle
from uplift.review.templates.differences import Change
from uplift.review.templates.known_values import at, holds_open, is_open, members
from uplift.review.templates.template import Value
from uplift.review.wording.values import flattened

_FEWER_COPIES = protection("What was overwritten or deleted by mistake can no longer be taken back.")
_DEFAULT_RETENTION_OF_A_QUEUE = 345_600


def _versioning(change: Change, name: str) -> Iterator[Judgement]:
    before, after = (at(side, f"{name}.Status") == "Enabled" for side in (change.before, change.after))
    if before and not after:
        yield _FEWER_COPIES.judged("versioning off", words(change, name))
    elif after and not before:
        yield harmless("What is overwritten stays as an older version.").judged("versioning on", words(change, name))
    else:
        yield behaviour().judged(f"{name} changed", words(change, name))


def _bucket_encryption(change: Change, name: str) -> Iterator[Judgement]:
    """S3 encrypts with its own keys where nothing is set (S3 guide, "Amazon S3 encrypts all new objects by default")."""
    before, after = (_bucket_key(change, name, side) for side in ("before", "after"))
    if before is None or after is None:
        yield security("Who may read is decided by another key, or by none.").judged(
            f"{name} changed, perhaps loosened", words(change, name)
        )
    elif before == after:
        yield harmless("The same key encrypts.").judged(f"{name} written otherwise", words(change, name))
    elif before.startswith("customer") and not after.startswith("customer"):
        yield security("No key policy of ours decides any more who may read.").judged(f"{name} changed: {before} → {after}")
    elif after.startswith("customer"):
        yield behaviour("Whoever reads new objects needs that key.", "see that every reader may use it").judged(
            f"{name} changed: {before} → {after}", words(change, name)
        )
    else:
        yield harmless("AWS's own keys encrypt before and after.").judged(f"{name} changed: {before} → {after}")


def _bucket_key(change: Change, name: str, side: str) -> str | None:
    """Which key encrypts by default; None where only a deploy knows."""
    value = at(change.before if side == "before" else change.after, f"{name}.ServerSideEncryptionConfiguration")
    if value is None:
        return "S3's own keys"
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        return None
    rule = value[0].get("ServerSideEncryptionByDefault", {})
    if not isinstance(rule, dict) or not isinstance(rule.get("SSEAlgorithm", ""), str):
        return None
    key = rule.get("KMSMasterKeyID")
    if not str(rule.get("SSEAlgorithm", "")).startswith("aws:kms"):
        return "S3's own keys"
    return "AWS's key for S3" if key is None or str(key).endswith("alias/aws/s3") else f"customer key {key}"


_OPENS = security("Objects may be made public again.", "keep it on")
_SHUTS = harmless("Less can be made public.")


def _public_access_block(change: Change, name: str) -> Iterator[Judgement]:
    whole = presence(removed=_OPENS, added=_SHUTS)
    if any(len(one.path) == 1 for one in change.properties if one.name == name) and not holds_open(at(change.after, name)):
        yield from whole(change, name)
        return
    for part in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"):
        yield from switch(off=_OPENS, on=_SHUTS, inner=part)(change, name)


_PUBLIC_ACLS = {"PublicRead", "PublicReadWrite", "AuthenticatedRead"}
ACL_IS_PUBLIC = security("Anybody may list it, and read or write objects.", "leave it private")


def is_public_acl(acl: object) -> bool:
    """Whether a canned ACL lets anybody in; one that only a deploy knows may do so (S3 guide, "Canned ACL")."""
    return acl is not None and (not isinstance(acl, str) or is_open(acl) or acl in _PUBLIC_ACLS)


def _acl(change: Change, name: str) -> Iterator[Judgement]:
    before, after = (at(side, name) for side in (change.before, change.after))
    if is_public_acl(after) and before != "PublicReadWrite":
        yield ACL_IS_PUBLIC.judged(f"{name} public", words(change, name))
    else:
        yield behaviour("Who is let in by an ACL is another.").judged(f"{name} changed", words(change, name))


def _cors(change: Change, name: str) -> Iterator[Judgement]:
    if "'*'" in str(at(change.after, name)) or holds_open(at(change.after, name)):
        yield security("Pages of any site may read from it in a browser.").judged(f"{name} open to every site", words(change, name))
    else:
        yield behaviour().judged(f"{name} changed", words(change, name))


def _ownership(change: Change, name: str) -> Iterator[Judgement]:
    if "BucketOwnerEnforced" in str(at(change.after, name)):
        yield behaviour("ACLs no longer count.").judged("ACLs off", words(change, name))
    else:
        yield security("ACLs count again, beside the policy.").judged("ACLs on", words(change, name))


def _time_to_live(change: Change, name: str) -> Iterator[Judgement]:
    yield from switch(
        off=behaviour("Items stay until somebody deletes them."),
        on=protection("Items are deleted by themselves when their time has come.", "see that no item is needed longer"),
        inner="Enabled",
    )(change, name)
    if len([one for one in change.properties if one.name == name and one.path[-1] == "AttributeName"]) and at(change.after, name):
        yield protection("Another attribute says when an item is deleted.").judged(f"{name}.AttributeName changed", words(change, name))


def _attributes(change: Change, name: str) -> Iterator[Judgement]:
    """Replacement if an existing definition is edited (CloudFormation reference, AWS::DynamoDB::Table)."""
    before, after = (_attribute_types(at(side, name)) for side in (change.before, change.after))
    other = [key for key in sorted(before.keys() & after.keys()) if before[key] != after[key]]
    if other:
        yield data_loss("A key of another type is another table: it is replaced by an empty one.").judged(
            f"another type of key: {', '.join(f'{key} {before[key]} → {after[key]}' for key in other)}"
        )
    elif any(holds_open(at(side, name)) for side in (change.before, change.after)):
        yield data_loss("A key of another type is another table: it may be replaced by an empty one.").judged(
            f"{name} changed, perhaps for the worse", words(change, name)
        )
    elif before == after:
        yield harmless("The same attributes.").judged(f"{name} written otherwise")
    else:
        yield behaviour("Keys of its indexes.").judged(f"{name} changed", words(change, name))


def _attribute_types(value: Value) -> dict[str, str]:
    return {
        flattened(one.get("AttributeName")): flattened(one.get("AttributeType"))
        for one in members(value)
        if isinstance(one, dict) and not is_open(one)
    }


_COPIES_GO = security("What is written here is copied there, where others may read it.")
BUCKET: dict[str, Judge] = {
    "VersioningConfiguration": _versioning,
    "LifecycleConfiguration": judge_lifecycle,
    "ObjectLockEnabled": switch(off=_FEWER_COPIES, on=behaviour("Locked objects cannot be deleted.")),
    "ObjectLockConfiguration": presence(
        removed=_FEWER_COPIES, added=behaviour("Locked objects cannot be deleted."), changed=protection("Objects may be locked shorter.")
    ),
    "PublicAccessBlockConfiguration": _public_access_block,
    "BucketEncryption": _bucket_encryption,
    "AccessControl": _acl,
    "OwnershipControls": _ownership,
    "WebsiteConfiguration": presence(
        removed=behaviour("Its pages are no longer served."),
        added=security("Its objects are served as pages, without signing in."),
        changed=behaviour(),
    ),
    "CorsConfiguration": _cors,
    "LoggingConfiguration": presence(
        removed=protection("Nobody sees any more who read what."), added=harmless("Requests are written down."), changed=behaviour()
    ),
    "ReplicationConfiguration": presence(removed=protection("No copy is kept elsewhere any more."), added=_COPIES_GO, changed=_COPIES_GO),
    "NotificationConfiguration": presence(removed=behaviour("Nothing is started by its objects."), added=behaviour(), changed=behaviour()),
}
TABLE: dict[str, Judge] = {
    "PointInTimeRecoverySpecification": parts(
        {
            "PointInTimeRecoveryEnabled": switch(
                off=_FEWER_COPIES, on=harmless("It can be taken back to any second."), inner="PointInTimeRecoveryEnabled"
            ),
            "RecoveryPeriodInDays": amount(less=_FEWER_COPIES, more=harmless(), default=35, inner="RecoveryPeriodInDays"),
        }
    ),
    "DeletionProtectionEnabled": switch(off=protection("Anybody may delete it."), on=harmless("Nobody deletes it by mistake.")),
    "TimeToLiveSpecification": _time_to_live,
    "SSESpecification": switch(
        off=security("A key that AWS owns encrypts it, and no key policy decides who may read."),
        on=harmless("A KMS key of this account encrypts it."),
        inner="SSEEnabled",
    ),
    "StreamSpecification": presence(removed=behaviour("Whoever read its stream reads nothing."), added=behaviour(), changed=behaviour()),
    "KinesisStreamSpecification": presence(removed=behaviour(), added=_COPIES_GO, changed=_COPIES_GO),
    "AttributeDefinitions": _attributes,
    "LocalSecondaryIndexes": always(data_loss("Local indexes are made with the table only: it is replaced by an empty one.")),
    "BillingMode": always(behaviour("It is paid, and limited, otherwise.")),
    "GlobalSecondaryIndexes": always(behaviour("Queries over an index that goes fail.")),
    "TableClass": always(harmless("It costs otherwise.")),
    "ContributorInsightsSpecification": always(harmless()),
}
QUEUE: dict[str, Judge] = {
    "MessageRetentionPeriod": amount(
        less=protection("What nobody read in time is gone sooner."),
        more=harmless("It is kept longer."),
        default=_DEFAULT_RETENTION_OF_A_QUEUE,
    ),
    # SQS encrypts with its own keys where nothing is said (SQS guide, "Encryption at rest in Amazon SQS").
    "SqsManagedSseEnabled": switch(
        off=security("Messages lie unencrypted, unless KmsMasterKeyId names a key."), on=harmless("Messages are encrypted."), default=True
    ),
    "KmsMasterKeyId": presence(
        removed=security("No key of ours decides any more who may read messages."),
        added=protection("Whoever sends or reads needs this key, also SNS and EventBridge: what they may not encrypt is lost."),
        changed=protection("Whoever sends or reads needs the other key, also SNS and EventBridge."),
    ),
    "RedrivePolicy": presence(
        removed=protection("What cannot be handled is kept nowhere."),
        added=harmless("What cannot be handled is kept."),
        changed=behaviour(),
    ),
}
LOG_GROUP: dict[str, Judge] = {
    # Without RetentionInDays logs never expire.
    "RetentionInDays": amount(
        less=protection("Older logs are deleted."), more=harmless("Logs are kept longer, and paid by the GB."), default=inf
    ),
    "KmsKeyId": presence(
        removed=security("No key of ours decides any more who may read the logs."),
        added=behaviour("Whoever reads new logs needs that key."),
        changed=behaviour("Whoever reads new logs needs the other key."),
    ),
    "DataProtectionPolicy": presence(
        removed=security("What was masked in the logs can be read."), added=harmless(), changed=security("Less may be masked in the logs.")
    ),
    "DeletionProtectionEnabled": switch(off=protection("Anybody may delete the logs."), on=harmless()),
}
_ELSEWHERE_NOT = protection("What is done in other regions is not written down.")
TRAIL: dict[str, Judge] = {
    "IsLogging": switch(off=protection("Nobody sees any more who did what."), on=harmless()),
    "EnableLogFileValidation": switch(off=protection("Logs that were altered look like others."), on=harmless()),
    "IsMultiRegionTrail": switch(off=_ELSEWHERE_NOT, on=harmless()),
}
VAULT: dict[str, Judge] = {
    "LockConfiguration": presence(
        removed=protection("Backups can be deleted."), added=harmless(), changed=protection("Backups may be deleted sooner.")
    ),
}
METRIC_FILTER: dict[str, Judge] = {
    "FilterPattern": always(protection("Alarms on its metric see something else.")),
    "MetricTransformations": always(protection("Alarms on its metric see something else.")),
}
_PUBLIC = switch(off=outage("Whoever connects from outside cannot."), on=security("It can be reached from the internet."))
_TLS = switch(off=security("What it is told and says can be read on the way."), on=outage("Clients without TLS are refused."), default=True)


def _access_list(change: Change, name: str) -> Iterator[Judgement]:
    """The list `open-access` asks for no password (MemoryDB guide, "Authenticating users with Access Control Lists")."""
    if at(change.after, name) == "open-access":
        yield security("Whoever reaches it may do everything, without a password.", "keep the list").judged(
            OPEN_TO_EVERYBODY, words(change, name)
        )
    else:
        yield outage("Users that the other list has not are refused.", "see who logs in").judged(f"{name} changed", words(change, name))


BY_TYPE: dict[str, dict[str, Judge]] = {
    "AWS::S3::Bucket": BUCKET,
    "AWS::DynamoDB::Table": TABLE,
    "AWS::DynamoDB::GlobalTable": TABLE,
    "AWS::SQS::Queue": QUEUE,
    "AWS::Logs::LogGroup": LOG_GROUP,
    "AWS::Logs::MetricFilter": METRIC_FILTER,
    "AWS::Backup::BackupPlan": {"BackupPlan": always(protection("Backups may be made more seldom, or kept shorter."))},
    "AWS::Backup::BackupSelection": {"BackupSelection": always(protection("Something may no longer be backed up."))},
    "AWS::Backup::BackupVault": VAULT,
    "AWS::CloudTrail::Trail": TRAIL,
    "AWS::GuardDuty::Detector": {"Enable": switch(off=protection("Nothing is watched."), on=harmless())},
    "AWS::AmazonMQ::Broker": {"PubliclyAccessible": _PUBLIC},
    "AWS::RDS::DBCluster": {"PubliclyAccessible": _PUBLIC},
    "AWS::Redshift::Cluster": {"PubliclyAccessible": _PUBLIC},
    "AWS::MemoryDB::Cluster": {"ACLName": _access_list, "TLSEnabled": _TLS},
    "AWS::RDS::DBInstance": {
        "DeletionProtection": switch(off=protection("Anybody may delete it."), on=harmless()),
        "PubliclyAccessible": _PUBLIC,
    },
}
