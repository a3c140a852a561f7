"""What AWS takes, and what only the deploy knows: nothing of it is *fails at deploy*."""

from __future__ import annotations

from tests.review.edits import SECURITY_GROUP, UPGRADE, both, family, put
from tests.review.refusal_rows import CONTROL, MACHINE, SCHEDULE, TO_7, Taken, logs, named, rule_of, rule_of_group, section

_OPEN = {"Type": "String"}
_WITH_PARAMETER = section("Parameters", Open=_OPEN)

TAKEN = [
    Taken("a version of Parameter Store", put(EngineVersion="{{resolve:ssm:/redis/version}}")),
    Taken("a node type of Parameter Store", put(CacheNodeType="{{resolve:ssm:/redis/node}}")),
    Taken("failover of Parameter Store", put(AutomaticFailoverEnabled="{{resolve:ssm:/redis/failover}}")),
    Taken("a version of a parameter", put(EngineVersion={"Ref": "Open"}), _WITH_PARAMETER),
    Taken("nodes of a parameter", put(NumCacheClusters={"Ref": "Open"}), _WITH_PARAMETER),
    Taken("backups of a parameter", put(SnapshotRetentionLimit={"Ref": "Open"}), _WITH_PARAMETER),
    Taken("a window of a parameter", put(SnapshotWindow={"Ref": "Open"}), _WITH_PARAMETER),
    Taken("a window in capitals", put(PreferredMaintenanceWindow="SUN:06:00-SUN:08:00")),
    Taken("Valkey 8.2", both(put(Engine="valkey", EngineVersion="8.2"), family("valkey8"))),
    Taken("Valkey 9.1", both(put(Engine="valkey", EngineVersion="9.1"), family("valkey9"))),
    Taken("Redis 6.x", both(put(EngineVersion="6.x"), family("redis6.x"))),
    Taken(
        "TLS by way of preferred",
        put(TransitEncryptionEnabled=True, TransitEncryptionMode="preferred"),
        both(TO_7, put(TransitEncryptionEnabled=False, AuthToken=None)),
    ),
    Taken("cluster mode compatible", put(ClusterMode="compatible"), TO_7),
    Taken(
        "a slow log of 7.1",
        logs("slow-log"),
        TO_7,
    ),
    Taken(
        "a group of Memcached's parameters",
        put("LegacyParameterGroupParametersRedis504196E750", UPGRADE, CacheParameterGroupFamily="redis2.8"),
    ),
    Taken("what base has as well", put(CONTROL, UPGRADE, Description="x"), put(CONTROL, UPGRADE, MemorySize=64)),
    Taken(
        "a value of a parameter", put(CONTROL, UPGRADE, MemorySize={"Ref": "Open"}), section("Parameters", UPGRADE, Open={"Type": "Number"})
    ),
    Taken("a rate of one", named("Rule", "AWS::Events::Rule", ScheduleExpression="rate(1 minute)")),
    Taken("a cron with L", put(SCHEDULE, UPGRADE, ScheduleExpression="cron(0 3 L * ? *)")),
    Taken(
        "a branch that is not taken",
        both(section("Conditions", UPGRADE, C={"Fn::Equals": ["a", "b"]}), put(CONTROL, UPGRADE, MemorySize={"Fn::If": ["C", 64, 256]})),
    ),
    Taken(
        "a rule that moves out of its group",
        both(put(SECURITY_GROUP, SecurityGroupIngress=None), rule_of_group("A")),
        put(SECURITY_GROUP, SecurityGroupIngress=[rule_of()]),
    ),
    Taken(
        "a reference in a definition outside of a text",
        put(
            MACHINE,
            UPGRADE,
            DefinitionString={"Fn::Sub": '{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":${AWS::AccountId},"End":true}}}'},
        ),
    ),
]
