"""The table: what was changed, and what the review must say about it."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from tests.review.edits import (
    APP_CACHE,
    GROUP,
    PARAMETERS,
    SECURITY_GROUP,
    SIDEKIQ,
    SUBNETS,
    TOKEN,
    UPGRADE,
    Edit,
    Templates,
    attribute,
    both,
    family,
    parameters,
    put,
    remove,
    rename,
    resource,
)
from uplift.review.finding import Impact

LOSS, OUTAGE, FAILS, SECURITY = Impact.DATA_LOSS, Impact.OUTAGE, Impact.FAILS, Impact.SECURITY
PROTECTION, BEHAVIOUR, HARMLESS = Impact.PROTECTION, Impact.BEHAVIOUR, Impact.HARMLESS


@dataclass(frozen=True)
class Pair:
    """`says`: a class and a text that must be found together, on `where`; `worst` of all findings decides the exit code."""

    name: str
    head: Edit
    worst: Impact
    says: str
    where: str = GROUP
    base: Edit = lambda _templates: None
    also: tuple[tuple[Impact, str], ...] = ()
    never: tuple[Impact, ...] = ()
    seconds: tuple[int, int | None] | None = None

    @property
    def exit_code(self) -> int:
        return 0 if self.worst is HARMLESS else 1


def _new_family(templates: Templates) -> None:
    resources = templates[APP_CACHE]["Resources"]
    resources["RedisParametersRedis7"] = resources.pop(PARAMETERS)
    resources["RedisParametersRedis7"]["Properties"]["CacheParameterGroupFamily"] = "redis7"
    resources[GROUP]["Properties"] |= {"EngineVersion": "7.1", "CacheParameterGroupName": {"Ref": "RedisParametersRedis7"}}


def _maybe(templates: Templates) -> None:
    """Whether the group is there is decided by a parameter that only the deploy knows."""
    templates[APP_CACHE]["Parameters"]["Wanted"] = {"Type": "String"}
    templates[APP_CACHE]["Conditions"] = {"IsWanted": {"Fn::Equals": [{"Ref": "Wanted"}, "yes"]}}
    templates[APP_CACHE]["Resources"][GROUP]["Condition"] = "IsWanted"


def _left_behind(templates: Templates) -> None:
    """Out of the stack, and all that names it."""
    resources = templates[APP_CACHE]["Resources"]
    for logical_id in [name for name, one in resources.items() if name == GROUP or GROUP in str(one.get("Properties"))]:
        del resources[logical_id]
    templates[APP_CACHE].pop("Outputs", None)
    for one in resources.values():
        one.pop("DependsOn", None)


def _copy_of_group(templates: Templates) -> None:
    templates[SIDEKIQ]["Resources"]["AnotherGroup"] = templates[APP_CACHE]["Resources"].pop(GROUP)


def _statement(logical_id: str, stack: str, **statement: Any) -> Edit:
    def edit(templates: Templates) -> None:
        resource(logical_id, stack)(templates)["Properties"]["PolicyDocument"]["Statement"].append({"Effect": "Allow", **statement})

    return edit


def _first_statement(logical_id: str, stack: str, **statement: Any) -> Edit:
    def edit(templates: Templates) -> None:
        resource(logical_id, stack)(templates)["Properties"]["PolicyDocument"]["Statement"][0].update(statement)

    return edit


def _ingress(**rule: Any) -> Edit:
    return put(SECURITY_GROUP, SecurityGroupIngress=[{"IpProtocol": "tcp", "FromPort": 6379, "ToPort": 6379, **rule}])


def _all_of(kind: str, stack: str, contains: str, **properties: Any) -> Edit:
    def edit(templates: Templates) -> None:
        held = [one for name, one in templates[stack]["Resources"].items() if one["Type"] == kind and contains in name]
        assert held
        for one in held:
            one["Properties"] |= properties

    return edit


def _definition(before: str, after: str) -> Edit:
    def edit(templates: Templates) -> None:
        parts = resource("InPlaceUpgradeMachineFFE83557", UPGRADE)(templates)["Properties"]["DefinitionString"]["Fn::Join"][1]
        joined = [part.replace(before, after) if isinstance(part, str) else part for part in parts]
        assert joined != parts
        parts[:] = joined

    return edit


def _told(before: str, after: str) -> Edit:
    def edit(templates: Templates) -> None:
        for one in templates[UPGRADE]["Resources"].values():
            if one["Type"] == "AWS::Lambda::Function":
                parts = one["Properties"]["Environment"]["Variables"]["UPLIFT_RUN_SETTINGS"]["Fn::Join"][1]
                joined = [part.replace(before, after) if isinstance(part, str) else part for part in parts]
                assert joined != parts
                parts[:] = joined

    return edit


def _in_place_of(old: str, new: str, **properties: Any) -> Edit:
    """A resource goes, and one like it but for these properties comes."""

    def edit(templates: Templates) -> None:
        resources = templates[APP_CACHE]["Resources"]
        resources[new] = copy.deepcopy(resources.pop(old))
        resources[new]["Properties"] |= properties

    return edit


_MAIL = "PeopleTopicvetsapioncallexamplegov0947E2F3"
_ENGINE_ALARM = "AlarmsNode001EngineCPUUtilization3D401475"
_LAG_ALARM = "AlarmsNode001ReplicationLagB4744A6E"
_FROM_API = "RedisSecurityGroupfromUpliftProdAppCacheRedisClientApi519C8E1F6379D409C0A7"
_SCHEDULE = "Schedule15669BF1"
_CONTROL = "ControlFunction8A0764F3"
_CONTROL_POLICY = "ControlRoleDefaultPolicyB4AB25C5"
_UP_TO_7 = both(put(EngineVersion="7.1"), family("redis7"))
_AT_7 = _UP_TO_7
_SINGLE = put(NumCacheClusters=1, AutomaticFailoverEnabled=False, MultiAZEnabled=False)

# Every row of shared/reference/iac.md B1, in its order.
MEASURED = [
    Pair("version without its family", put(EngineVersion="7.1"), FAILS, "needs a parameter group of family redis7", never=(LOSS, OUTAGE)),
    Pair("downgrade", both(put(EngineVersion="5.0.6"), family("redis5.0")), FAILS, "never downgrades", base=_AT_7, never=(LOSS, OUTAGE)),
    Pair(
        "family alone",
        family("redis7"),
        FAILS,
        "needs a parameter group of family redis5.0",
        never=(LOSS, OUTAGE),
        also=((HARMLESS, PARAMETERS),),
    ),
    Pair(
        "a correct upgrade, same id",
        _UP_TO_7,
        OUTAGE,
        "redis 5.0.6 → redis 7.1",
        never=(LOSS, FAILS, BEHAVIOUR),
        also=((HARMLESS, PARAMETERS),),
        seconds=(2, 10),
    ),
    Pair(
        "a correct upgrade, an id for each family",
        _new_family,
        OUTAGE,
        "redis 5.0.6 → redis 7.1",
        never=(LOSS, FAILS, BEHAVIOUR),
        also=((HARMLESS, PARAMETERS),),
        seconds=(2, 10),
    ),
    Pair("SnapshotName added", put(SnapshotName="from-legacy"), LOSS, "replaced because of SnapshotName"),
    Pair("SnapshotName removed", put(SnapshotName=None), LOSS, "replaced because of SnapshotName", base=put(SnapshotName="from-legacy")),
    Pair("port", put(Port=6380), LOSS, "its final snapshot stays"),
    Pair("a fixed name", put(ReplicationGroupId="app-cache"), LOSS, "replaced because of ReplicationGroupId"),
    Pair("another logical id", rename(GROUP, "RedisGroupNew"), LOSS, "replaced by RedisGroupNew"),
    Pair("another token", put(AuthToken="{{resolve:secretsmanager:other:SecretString:::}}"), OUTAGE, "another AUTH token", never=(LOSS,)),
    Pair("a token becomes user groups", put(AuthToken=None, UserGroupIds=["people"]), LOSS, "may be replaced because of AuthToken"),
    Pair("a rotated secret behind the same reference", lambda _templates: None, HARMLESS, ""),
    Pair(
        "Redis becomes Valkey",
        both(put(Engine="valkey", EngineVersion="7.2"), family("valkey7")),
        OUTAGE,
        "redis 5.0.6 → valkey 7.2",
        never=(LOSS, FAILS),
        seconds=(2, 10),
    ),
    Pair(
        "TLS off",
        put(TransitEncryptionEnabled=False),
        FAILS,
        "can switch TLS from 7.0 on",
        never=(LOSS, OUTAGE),
        also=((SECURITY, "TLS off"),),
    ),
    Pair("policies removed", attribute(DeletionPolicy=None, UpdateReplacePolicy=None), PROTECTION, "DeletionPolicy Snapshot → Delete"),
    Pair(
        "a secret that nothing keeps any more",
        attribute(TOKEN, DeletionPolicy="Delete"),
        PROTECTION,
        "DeletionPolicy RetainExceptOnCreate → Delete",
        TOKEN,
    ),
    Pair("backups off", put(SnapshotRetentionLimit=None), PROTECTION, "snapshots kept 3 → 0 days"),
    Pair("fewer nodes", put(NumCacheClusters=2), PROTECTION, "nodes 5 → 2", base=put(NumCacheClusters=5), never=(OUTAGE,)),
    Pair(
        "a smaller node type",
        put(CacheNodeType="cache.r5.large"),
        OUTAGE,
        "must hold all data",
        base=put(CacheNodeType="cache.r5.2xlarge"),
        seconds=(2, 10),
    ),
    Pair("keyspace events narrowed", parameters(notify_keyspace_events="Ex"), BEHAVIOUR, "hear nothing any more"),
    Pair("a parameter removed", parameters(notify_keyspace_events=None), BEHAVIOUR, "notify-keyspace-events: AKE → (off)"),
]

DATA_LOSS = [
    Pair("the group is deleted", remove(GROUP), LOSS, "deleted"),
    Pair("deleted without a snapshot", remove(GROUP), LOSS, "nothing of it stays", base=attribute(DeletionPolicy=None)),
    Pair("replaced without a snapshot", both(put(Port=6380), attribute(UpdateReplacePolicy=None)), LOSS, "nothing of the old one stays"),
    Pair("SnapshotArns added", put(SnapshotArns=["arn:aws-us-gov:s3:::dumps/legacy.rdb"]), LOSS, "replaced because of SnapshotArns"),
    Pair("encryption at rest off", put(AtRestEncryptionEnabled=False), LOSS, "AtRestEncryptionEnabled", also=((SECURITY, "at rest off"),)),
    Pair("another subnet group", rename(SUBNETS, "OtherSubnets"), LOSS, "replaced because of CacheSubnetGroupName"),
    Pair("the subnet group is replaced", put(SUBNETS, CacheSubnetGroupName="named"), LOSS, "replaced because of CacheSubnetGroupName"),
    Pair("moved to another stack", _copy_of_group, LOSS, "deleted"),
    Pair("the whole stack is removed", lambda templates: templates.pop(APP_CACHE), LOSS, "no longer in the assembly", where=APP_CACHE),
    Pair("a group that may not be there", _maybe, LOSS, "deleted"),
    Pair("more shards", put(NumNodeGroups=2), LOSS, "may be replaced because of NumNodeGroups"),
    Pair(
        "left behind on purpose",
        _left_behind,
        OUTAGE,
        "leaves the stack",
        base=attribute(DeletionPolicy="Retain"),
        never=(LOSS,),
        also=((OUTAGE, "removed"),),
    ),
    Pair("a key deleted", remove("PeopleKey3360A515", UPGRADE), LOSS, "deleted with what it holds", "PeopleKey3360A515"),
    Pair(
        "reports deleted",
        remove("ReportsBucket95FE29A2", UPGRADE),
        LOSS,
        "deleted with what it holds",
        "ReportsBucket95FE29A2",
        base=attribute("ReportsBucket95FE29A2", UPGRADE, DeletionPolicy="Delete"),
    ),
]

OUTAGES = [
    Pair("an upgrade without failover", _UP_TO_7, OUTAGE, "away for the whole upgrade", base=_SINGLE, seconds=(120, 1200)),
    Pair(
        "an upgrade from 4.0.10",
        both(put(EngineVersion="5.0.6"), family("redis5.0")),
        OUTAGE,
        "until DNS names the new primary",
        base=both(put(EngineVersion="4.0.10"), family("redis4.0")),
        seconds=(30, 60),
    ),
    Pair(
        "failover off",
        put(AutomaticFailoverEnabled=False, MultiAZEnabled=False),
        OUTAGE,
        "failover off",
        also=((PROTECTION, "Multi-AZ off"),),
    ),
    Pair("down to one node", _SINGLE, OUTAGE, "failover off", also=((PROTECTION, "nodes 3 → 1"),)),
    Pair("another primary", put(PrimaryClusterId="app-002"), OUTAGE, "Another node becomes the primary"),
    Pair(
        "TLS becomes required",
        put(TransitEncryptionMode="required"),
        OUTAGE,
        "Clients without TLS are refused",
        base=both(_AT_7, put(TransitEncryptionMode="preferred")),
    ),
    Pair(
        "another secret is drawn",
        put(TOKEN, GenerateSecretString={"PasswordLength": 32, "ExcludePunctuation": True}),
        OUTAGE,
        "keeps the old token",
        TOKEN,
    ),
    Pair("a client is shut out", remove(_FROM_API), OUTAGE, "New connections from there are refused", _FROM_API),
    Pair(
        "a security group is taken away",
        put(SecurityGroupIds=["sg-0123456789abcdef0"]),
        OUTAGE,
        "can no longer connect",
        also=((SECURITY, "added"),),
    ),
]

REFUSED = [
    Pair("a version nobody has", put(EngineVersion="5.0.9"), FAILS, "ElastiCache has no redis 5.0.9"),
    Pair(
        "a version no longer made",
        put(EngineVersion="5.0.5"),
        FAILS,
        "can no longer be asked for",
        base=both(put(EngineVersion="4.0.10"), family("redis4.0")),
    ),
    Pair("an unknown parameter", parameters(maxmemory_polizy="x"), FAILS, "does not exist in family redis5.0"),
    Pair("an impossible value", parameters(maxmemory_policy="sometimes"), FAILS, "allowed: volatile-lru"),
    Pair("event letters that send nothing", parameters(notify_keyspace_events="BOGUS"), FAILS, "no letter"),
    Pair("a node type too new", put(CacheNodeType="cache.r7g.large"), FAILS, "6.2 and newer", never=(OUTAGE,)),
    Pair("a node type that is not there", put(CacheNodeType="cache.m4.large"), FAILS, "not offered in GovCloud"),
    Pair("failover with one node", put(NumCacheClusters=1), FAILS, "needs a replica to fail over to"),
    Pair("Multi-AZ without failover", put(AutomaticFailoverEnabled=False), FAILS, "Multi-AZ needs automatic failover"),
    Pair(
        "a customer key",
        put(KmsKeyId="arn:aws-us-gov:kms:us-gov-west-1:333333333333:key/x"),
        LOSS,
        "ElastiCache with its own key only",
        also=((FAILS, "customer key"),),
    ),
    Pair("databases of a group in use", parameters(databases="4"), FAILS, "cannot change once nodes use the group"),
    Pair("a window that is none", put(PreferredMaintenanceWindow="nonsense"), FAILS, "is no weekly window"),
    Pair("windows that overlap", put(SnapshotWindow="06:30-07:30"), FAILS, "windows that overlap"),
    Pair(
        "a new group that cannot be",
        lambda templates: templates.update(New=_unmakeable(templates)),
        FAILS,
        "needs a parameter group of family redis7",
    ),
    Pair(
        "a parameter of legacy's group",
        parameters("LegacyParameterGroupParametersRedis504196E750", UPGRADE, repl_timeout="60"),
        FAILS,
        "does not exist in family",
        "LegacyParameterGroupParametersRedis504196E750",
    ),
    Pair("another type", attribute(Type="AWS::ElastiCache::ServerlessCache"), FAILS, "given another type"),
    Pair(
        "an alarm of another type", attribute(_LAG_ALARM, Type="AWS::CloudWatch::CompositeAlarm"), FAILS, "given another type", _LAG_ALARM
    ),
]


def _unmakeable(templates: Templates) -> dict[str, Any]:
    made: dict[str, Any] = {
        "Resources": {name: dict(one) for name, one in templates[APP_CACHE]["Resources"].items() if name in {GROUP, PARAMETERS}}
    }
    made["Resources"][GROUP] = made["Resources"][GROUP] | {"Properties": made["Resources"][GROUP]["Properties"] | {"EngineVersion": "7.1"}}
    return made


SECURITIES = [
    Pair(
        "open to the internet",
        _ingress(CidrIp="0.0.0.0/0"),
        SECURITY,
        "open to the internet",
        SECURITY_GROUP,
    ),
    Pair(
        "wider ingress",
        _ingress(CidrIp="10.0.0.0/8"),
        SECURITY,
        "wider ingress",
        SECURITY_GROUP,
    ),
    Pair(
        "wider IAM",
        _statement(_CONTROL_POLICY, UPGRADE, Action="elasticache:*", Resource="*"),
        SECURITY,
        "elasticache:* on *",
        _CONTROL_POLICY,
    ),
    Pair(
        "a condition removed",
        _first_statement("ReportsBucketPolicyDDF1E8F1", UPGRADE, Effect="Allow", Condition=None),
        SECURITY,
        "a denial was removed",
        "ReportsBucketPolicyDDF1E8F1",
    ),
    Pair(
        "other users",
        put(UserGroupIds=["people"]),
        SECURITY,
        "Other users may log in",
        base=both(_AT_7, put(AuthToken=None, UserGroupIds=["staff"])),
    ),
    Pair("AUTH off", put(AuthToken=None), LOSS, "may be replaced", also=((SECURITY, "AUTH off"),)),
    Pair("a token in the clear", put(AuthToken="correct-horse-battery"), OUTAGE, "another AUTH token", also=((SECURITY, "in the clear"),)),
    Pair(
        "who may start a run",
        _first_statement("PeopleTopicPolicy7E2701BC", UPGRADE, Effect="Allow", Principal={"AWS": "*"}, Condition=None),
        SECURITY,
        "open to everybody",
        "PeopleTopicPolicy7E2701BC",
    ),
    Pair(
        "a bucket opened",
        put("ReportsBucket95FE29A2", UPGRADE, PublicAccessBlockConfiguration=None),
        SECURITY,
        "PublicAccessBlockConfiguration",
        "ReportsBucket95FE29A2",
    ),
]

PROTECTIONS = [
    Pair(
        "somebody else is notified",
        _in_place_of(_MAIL, "Other", Endpoint="o@example.gov"),
        PROTECTION,
        "subscription removed",
        _MAIL,
    ),
    Pair(
        "an alarm in place of another",
        _in_place_of(_ENGINE_ALARM, "Other", MetricName="CPUUtilization"),
        PROTECTION,
        "alarm removed",
        _ENGINE_ALARM,
    ),
    Pair("an alarm removed", remove(_ENGINE_ALARM), PROTECTION, "alarm removed", _ENGINE_ALARM),
    Pair("an alarm loosened", put(_ENGINE_ALARM, Threshold=95), PROTECTION, "It rings later", _ENGINE_ALARM),
    Pair("an alarm that waits", put(_LAG_ALARM, EvaluationPeriods=60), PROTECTION, "It rings later", _LAG_ALARM),
    Pair("an alarm that notifies nobody", put(_LAG_ALARM, AlarmActions=[]), PROTECTION, "Fewer are notified", _LAG_ALARM),
    Pair("an alarm tightened", put(_ENGINE_ALARM, Threshold=70), HARMLESS, "alarm: Threshold", _ENGINE_ALARM),
    Pair("Multi-AZ off", put(MultiAZEnabled=False), PROTECTION, "Multi-AZ off"),
    Pair(
        "nobody is told",
        remove("PeopleTopicvetsapioncallexamplegov0947E2F3", UPGRADE),
        PROTECTION,
        "subscription removed",
        "PeopleTopicvetsapioncallexamplegov0947E2F3",
    ),
]

BEHAVIOURS = [
    Pair("eviction on the queue", parameters(stack=SIDEKIQ, maxmemory_policy="volatile-lru"), BEHAVIOUR, "an evicted key is a lost job"),
    Pair(
        "the schedule is switched on",
        put(_SCHEDULE, UPGRADE, State="ENABLED"),
        BEHAVIOUR,
        "upgrade of legacy vets-api-prod to 5.0.6 will run Sat 2026-12-12 21:00 America/New_York",
        _SCHEDULE,
    ),
    Pair(
        "the schedule moves",
        put(_SCHEDULE, UPGRADE, ScheduleExpression="at(2026-12-12T22:30:00)"),
        BEHAVIOUR,
        "Sat 2026-12-12 22:30 America/New_York",
        _SCHEDULE,
    ),
    Pair(
        "another target",
        _told('"target_version":"5.0.6"', '"target_version":"6.2"'),
        BEHAVIOUR,
        "target_version: 5.0.6 → 6.2",
        _CONTROL,
    ),
    Pair(
        "a state rewired",
        _definition('"Seconds":60,"Next":"Probe"', '"Seconds":60,"Next":"Preflight"'),
        BEHAVIOUR,
        "rewired: WaitForBackup: Probe → Preflight",
        "InPlaceUpgradeMachineFFE83557",
    ),
    Pair("a shorter timeout", put(_CONTROL, UPGRADE, Timeout=5), BEHAVIOUR, "Timeout: 120 → 5", _CONTROL),
    Pair("the maintenance window moves", put(PreferredMaintenanceWindow="tue:06:00-tue:08:00"), BEHAVIOUR, "AWS patches nodes"),
    Pair("event letters in another order", parameters(notify_keyspace_events="EKg$lshzxe"), HARMLESS, "parameters changed", PARAMETERS),
]

HARMLESSES = [
    Pair(
        "kept, but not where its creation is rolled back",
        attribute(TOKEN, DeletionPolicy="RetainExceptOnCreate"),
        HARMLESS,
        "DeletionPolicy Retain → RetainExceptOnCreate: Both keep what exists",
        TOKEN,
        base=attribute(TOKEN, DeletionPolicy="Retain"),
    ),
    Pair(
        "tags on a node type nobody knows",
        put(Tags=[{"Key": "a", "Value": "b"}]),
        HARMLESS,
        "description or tags",
        base=put(CacheNodeType="cache.t2.small"),
    ),
    Pair("tags", put(Tags=[{"Key": "team", "Value": "platform"}]), HARMLESS, "description or tags"),
    Pair("description", put(ReplicationGroupDescription="another text"), HARMLESS, "description or tags"),
    Pair("other code", put(_CONTROL, UPGRADE, Code={"S3Bucket": "assets", "S3Key": "other.zip"}), HARMLESS, "other code", _CONTROL),
    Pair("more replicas", put(NumCacheClusters=4), HARMLESS, "nodes 3 → 4"),
    Pair("longer backups", put(SnapshotRetentionLimit=35), HARMLESS, "snapshots kept 7 → 35 days", base=put(SnapshotRetentionLimit=7)),
    Pair("a number written as text", put(Port="6379"), HARMLESS, ""),
    Pair("an alarm's words", put(_ENGINE_ALARM, AlarmDescription="other"), HARMLESS, "AlarmDescription", _ENGINE_ALARM),
    Pair(
        "the dashboard",
        _all_of("AWS::CloudWatch::Dashboard", UPGRADE, "", DashboardBody="{}"),
        HARMLESS,
        "DashboardBody",
        "Dashboard7A714131",
    ),
]

PAIRS = [*MEASURED, *DATA_LOSS, *OUTAGES, *REFUSED, *SECURITIES, *PROTECTIONS, *BEHAVIOURS, *HARMLESSES]
