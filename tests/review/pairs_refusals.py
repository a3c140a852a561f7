"""What AWS refuses: what was changed, on which resource the review says so, and in which words. All are *fails at deploy*."""

from __future__ import annotations

import copy
import json

from tests.review.edits import (
    APP_CACHE,
    GROUP,
    SECURITY_GROUP,
    SIDEKIQ,
    SUBNETS,
    TOKEN,
    UPGRADE,
    Edit,
    Templates,
    attribute,
    both,
    put,
    rename,
    resource,
)
from tests.review.pairs_refused_by_elasticache import ELASTICACHE
from tests.review.refusal_rows import (
    ALARM,
    BUCKET,
    CLIENT,
    CONTROL,
    FACT,
    LOGS,
    MACHINE,
    POLICY,
    SCHEDULE,
    Refused,
    add,
    machine,
    named,
    rule_of,
    rule_of_group,
    section,
    without,
)


def _many(templates: Templates) -> None:
    held = templates[APP_CACHE]["Resources"]
    for number in range(501 - len(held)):
        held[f"Topic{number}"] = {"Type": "AWS::SNS::Topic"}


def _moved(logical_id: str, stack: str, to: str) -> Edit:
    return rename(logical_id, to, stack)


_END = {"Type": "Pass", "End": True}

SCHEMA = [
    Refused("a retention no log has", put(LOGS, UPGRADE, RetentionInDays=13), "RetentionInDays: 13", LOGS),
    Refused("a timeout above the maximum", put(CONTROL, UPGRADE, Timeout=901), "Timeout: 901", CONTROL),
    Refused("memory below the minimum", put(CONTROL, UPGRADE, MemorySize=64), "allowed: 128 and more", CONTROL),
    Refused("a runtime there is not", put(CONTROL, UPGRADE, Runtime="python3.99"), "python3.9", CONTROL),
    Refused("an unknown property", put(CONTROL, UPGRADE, Timeot=3), "did you mean Timeout?", CONTROL),
    Refused("a missing property", put(CONTROL, UPGRADE, Role=None), "Role is missing", CONTROL),
    Refused("a wrong kind of value", put(CONTROL, UPGRADE, Timeout="long"), "a whole number", CONTROL),
    Refused("a word nobody knows", put(SCHEDULE, UPGRADE, State="ON"), "allowed: ENABLED, DISABLED", SCHEDULE),
    Refused("characters that are not allowed", put(CONTROL, UPGRADE, FunctionName="a b"), "FunctionName: a b", CONTROL),
    Refused("a name that is too long", put(BUCKET, UPGRADE, BucketName="x" * 64), "up to 63 characters", BUCKET),
    Refused("an attribute of the resource", attribute(LOGS, UPGRADE, DeletionPolicy="Keep"), "Delete, Retain", LOGS),
    Refused(
        "a value behind a mapping",
        both(section("Mappings", UPGRADE, M={"a": {"b": 64}}), put(CONTROL, UPGRADE, MemorySize={"Fn::FindInMap": ["M", "a", "b"]})),
        "MemorySize: 64",
        CONTROL,
    ),
    Refused(
        "a value behind a condition that is decided",
        both(
            section("Conditions", UPGRADE, C={"Fn::Equals": ["a", "a"]}),
            put(CONTROL, UPGRADE, MemorySize={"Fn::If": ["C", 64, 256]}),
        ),
        "MemorySize: 64",
        CONTROL,
    ),
    Refused("an attribute a type has not", put(FACT, Value={"Fn::GetAtt": [SECURITY_GROUP, "Port"]}), "attribute Port", FACT),
    Refused("a type there is not", add("New", "AWS::ElastiCache::Cache"), "AWS::ElastiCache::Cache", "New"),
    Refused("tags that are no list", put(BUCKET, UPGRADE, Tags={"a": "b"}), "a list", BUCKET),
    Refused("a tag of AWS's own", put(BUCKET, UPGRADE, Tags=[{"Key": "aws:x", "Value": "y"}]), "aws:", BUCKET),
    Refused(
        "a parameter's default against its own rule",
        section("Parameters", P={"Type": "String", "Default": "x", "AllowedValues": ["a"]}),
        "AllowedValues",
        APP_CACHE,
    ),
    Refused("a number that is none", section("Parameters", P={"Type": "Number", "Default": "x"}), "parameter P: default x", APP_CACHE),
]

NOTHING_THERE = [
    Refused("DependsOn of nothing", attribute(LOGS, UPGRADE, DependsOn="Nix"), "DependsOn Nix", LOGS),
    Refused("Ref of nothing", put(FACT, Value={"Ref": "RedisGroup"}), "Ref of RedisGroup", FACT),
    Refused("GetAtt of nothing", put(FACT, Value={"Fn::GetAtt": ["Nix", "Arn"]}), "Fn::GetAtt of Nix", FACT),
    Refused("Sub of nothing", put(FACT, Value={"Fn::Sub": "${Nix}-a"}), "Ref of Nix", FACT),
    Refused("an output of nothing", section("Outputs", O={"Value": {"Ref": "Nix"}}), "output O", APP_CACHE),
    Refused("a condition nobody defined", attribute(ALARM, Condition="Nix"), "condition Nix", ALARM),
    Refused("Fn::If of no condition", put(FACT, Value={"Fn::If": ["Nix", "a", "b"]}), "condition Nix", FACT),
    Refused(
        "what is not made",
        both(section("Conditions", Never={"Fn::Equals": ["a", "b"]}), attribute(TOKEN, Condition="Never")),
        f"refers to {TOKEN}",
        GROUP,
    ),
    Refused(
        "a circle",
        both(attribute(ALARM, DependsOn=FACT), attribute(FACT, DependsOn=ALARM)),
        f"{ALARM} → {FACT}",
        ALARM,
    ),
    Refused("a circle of one", attribute(ALARM, DependsOn=ALARM), f"{ALARM} → {ALARM}", ALARM),
    Refused("a parameter without a default", section("Parameters", Wanted={"Type": "String"}), "Wanted has no default", APP_CACHE),
    Refused(
        "a parameter that loses its default",
        section("Parameters", Wanted={"Type": "String"}),
        "Wanted has no default",
        APP_CACHE,
        base=section("Parameters", Wanted={"Type": "String", "Default": "a"}),
    ),
    Refused("an import nobody exports", put(FACT, Value={"Fn::ImportValue": "nobody"}), "Fn::ImportValue of nobody", FACT),
    Refused(
        "an export that is in use",
        without("Outputs", "O"),
        "export shared is taken away",
        APP_CACHE,
        base=both(
            section("Outputs", O={"Value": "a", "Export": {"Name": "shared"}}), put(FACT, SIDEKIQ, Value={"Fn::ImportValue": "shared"})
        ),
    ),
    Refused(
        "an export in use that changes",
        section("Outputs", O={"Value": "b", "Export": {"Name": "shared"}}),
        "export shared changes",
        APP_CACHE,
        base=both(
            section("Outputs", O={"Value": "a", "Export": {"Name": "shared"}}), put(FACT, SIDEKIQ, Value={"Fn::ImportValue": "shared"})
        ),
    ),
    Refused(
        "an export in use whose resource is made anew",
        put(SUBNETS, CacheSubnetGroupName="other"),
        "export shared changes",
        APP_CACHE,
        base=both(
            section("Outputs", O={"Value": {"Ref": SUBNETS}, "Export": {"Name": "shared"}}),
            put(FACT, SIDEKIQ, Value={"Fn::ImportValue": "shared"}),
        ),
    ),
    Refused(
        "one export of two stacks",
        both(*(section("Outputs", stack, O={"Value": "a", "Export": {"Name": "same"}}) for stack in (APP_CACHE, SIDEKIQ))),
        "exports same",
        SIDEKIQ,
    ),
    Refused("too many resources", _many, "501 resources", APP_CACHE),
]

NAMES = [
    Refused(
        "one name twice",
        both(named("A", "AWS::SNS::Topic", TopicName="same"), named("B", "AWS::SNS::Topic", TopicName="same")),
        "TopicName same twice",
        "B",
    ),
    Refused(
        "a name under another logical id",
        _moved("A", UPGRADE, "B"),
        "TopicName same is still that of A",
        "B",
        base=named("A", "AWS::SNS::Topic", TopicName="same"),
    ),
    Refused(
        "a role under another logical id",
        _moved("A", UPGRADE, "B"),
        "is still that of A",
        "B",
        base=named(
            "A",
            "AWS::IAM::Role",
            RoleName="r",
            AssumeRolePolicyDocument={
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}],
            },
        ),
    ),
    Refused(
        "replaced under its name",
        put("A", UPGRADE, GroupDescription="other"),
        "under its fixed GroupName g",
        "A",
        base=named("A", "AWS::EC2::SecurityGroup", GroupName="g", GroupDescription="one", VpcId="vpc-0123456789abcdef0"),
    ),
    Refused(
        "one name in two stacks",
        both(named("A", "AWS::Logs::LogGroup", LogGroupName="same"), add("B", "AWS::Logs::LogGroup", LogGroupName="same")),
        "LogGroupName same is taken",
        "A",
    ),
    Refused(
        "a second policy of a bucket",
        lambda templates: templates[UPGRADE]["Resources"].update(Second=copy.deepcopy(resource(POLICY, UPGRADE)(templates))),
        "twice",
        "Second",
    ),
    Refused("a bucket's policy under another logical id", _moved(POLICY, UPGRADE, "Other"), f"is still that of {POLICY}", "Other"),
    Refused("a rule twice", both(rule_of_group("A"), rule_of_group("B", Description="b")), "the same rule as A", "B"),
    Refused("a rule under another logical id", _moved(CLIENT, APP_CACHE, "Other"), f"the same rule as {CLIENT}", "Other"),
    Refused(
        "a rule in the group and beside it",
        both(put(SECURITY_GROUP, SecurityGroupIngress=[rule_of()]), rule_of_group("A")),
        f"the same rule as {SECURITY_GROUP}",
        "A",
    ),
    Refused(
        "a record under another logical id",
        _moved("A", UPGRADE, "B"),
        "is still that of A",
        "B",
        base=named(
            "A",
            "AWS::Route53::RecordSet",
            HostedZoneId="Z0123456789ABCDEFGHIJ",
            Name="r.internal",
            Type="CNAME",
            TTL="60",
            ResourceRecords=["a.internal"],
        ),
    ),
]

MACHINES = [
    Refused("no JSON", put(MACHINE, UPGRADE, DefinitionString='{"StartAt": '), "is no JSON object", MACHINE),
    Refused("no StartAt", put(MACHINE, UPGRADE, DefinitionString=json.dumps({"States": {"Begin": _END}})), "no StartAt", MACHINE),
    Refused("no states", put(MACHINE, UPGRADE, DefinitionString='{"StartAt": "Begin"}'), "no States", MACHINE),
    Refused("a start that is not there", machine(Begins=_END), "StartAt names Begin", MACHINE),
    Refused("Next of nothing", machine(Begin={"Type": "Pass", "Next": "Nix"}), "leads to Nix", MACHINE),
    Refused(
        "Default of nothing",
        machine(Begin={"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "End"}], "Default": "Nix"}, End=_END),
        "leads to Nix",
        MACHINE,
    ),
    Refused(
        "Catch of nothing",
        machine(Begin={"Type": "Task", "Resource": "arn:aws:x", "End": True, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Nix"}]}),
        "leads to Nix",
        MACHINE,
    ),
    Refused("a state nothing leads to", machine(Begin=_END, Island=_END), "no state leads to Island", MACHINE),
    Refused("neither Next nor End", machine(Begin={"Type": "Pass"}), "neither Next nor End", MACHINE),
    Refused("both Next and End", machine(Begin={"Type": "Pass", "Next": "Other", "End": True}, Other=_END), "has Next and End", MACHINE),
    Refused("a type of state there is not", machine(Begin={"Type": "Loop", "End": True}), "of type Loop", MACHINE),
    Refused("a task without its resource", machine(Begin={"Type": "Task", "End": True}), "has no Resource", MACHINE),
    Refused("a choice without choices", machine(Begin={"Type": "Choice", "Default": "Other"}, Other=_END), "has no Choices", MACHINE),
    Refused("a wait for nothing", machine(Begin={"Type": "Wait", "End": True}), "has 0 of Seconds", MACHINE),
    Refused("a wait for two things", machine(Begin={"Type": "Wait", "Seconds": 1, "SecondsPath": "$.a", "End": True}), "has 2 of", MACHINE),
    Refused("a field a state has not", machine(Begin={"Type": "Pass", "Nxt": "x", "End": True}), "has Nxt", MACHINE),
    Refused("a path that is none", machine(Begin={"Type": "Pass", "ResultPath": "a", "End": True}), "ResultPath a", MACHINE),
    Refused(
        "within a branch",
        machine(Begin={"Type": "Parallel", "End": True, "Branches": [{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Nix"}}}]}),
        "branch 1 leads to Nix",
        MACHINE,
    ),
    Refused(
        "within an iterator",
        machine(Begin={"Type": "Map", "End": True, "ItemProcessor": {"States": {"A": _END}}}),
        "no StartAt in Begin",
        MACHINE,
    ),
]

SCHEDULES = [
    Refused("no expression", put(SCHEDULE, UPGRADE, ScheduleExpression="daily"), "ScheduleExpression: daily", SCHEDULE),
    Refused("a time with a Z", put(SCHEDULE, UPGRADE, ScheduleExpression="at(2026-12-12T21:00:00Z)"), "at(yyyy", SCHEDULE),
    Refused("a day there is not", put(SCHEDULE, UPGRADE, ScheduleExpression="at(2026-02-30T21:00:00)"), "at(2026-02-30", SCHEDULE),
    Refused("five fields", put(SCHEDULE, UPGRADE, ScheduleExpression="cron(0 3 * * ?)"), "cron(0 3", SCHEDULE),
    Refused("an hour there is not", put(SCHEDULE, UPGRADE, ScheduleExpression="cron(0 25 * * ? *)"), "0 to 23", SCHEDULE),
    Refused("a rate of nothing", put(SCHEDULE, UPGRADE, ScheduleExpression="rate(0 days)"), "at least 1", SCHEDULE),
    Refused("a rate of weeks", put(SCHEDULE, UPGRADE, ScheduleExpression="rate(2 weeks)"), "minutes, hours or days", SCHEDULE),
    Refused("a time zone there is not", put(SCHEDULE, UPGRADE, ScheduleExpressionTimezone="Mars/North"), "Mars/North", SCHEDULE),
    Refused("a flexible window without a length", put(SCHEDULE, UPGRADE, FlexibleTimeWindow={"Mode": "FLEXIBLE"}), "1 to 1440", SCHEDULE),
    Refused(
        "a rule's rate with the wrong unit",
        named("Rule", "AWS::Events::Rule", ScheduleExpression="rate(5 minute)"),
        "5 minutes",
        "Rule",
    ),
    Refused("a rule at one time", named("Rule", "AWS::Events::Rule", ScheduleExpression="at(2026-12-12T21:00:00)"), "single time", "Rule"),
]

VALUES = [
    Refused("backups for longer than there are", put(SnapshotRetentionLimit=36), "allowed: 0 to 35"),
    Refused("a protocol SNS has not", named("S", "AWS::SNS::Subscription", Protocol="pigeon", TopicArn="a", Endpoint="b"), "pigeon", "S"),
    Refused("a port there is not", rule_of_group("A", ToPort=70000), "ToPort: 70000", "A"),
    Refused("ports the wrong way round", rule_of_group("A", FromPort=7000), "ports 7000 to 6379", "A"),
    Refused("a secret without length", put(TOKEN, GenerateSecretString={"PasswordLength": 0}), "1 to 4096", TOKEN),
    Refused("more datapoints than periods", put(ALARM, DatapointsToAlarm=99), "DatapointsToAlarm 99", ALARM),
    Refused("an alarm that looks back for weeks", put(ALARM, EvaluationPeriods=9000, DatapointsToAlarm=None), "9000 periods", ALARM),
    Refused("a group of no subnets", put(SUBNETS, SubnetIds=[]), "at least one subnet", SUBNETS),
    Refused("a dashboard that is no JSON", put("Dashboard7A714131", UPGRADE, DashboardBody="{"), "no JSON", "Dashboard7A714131"),
]

REFUSED = [*SCHEMA, *NOTHING_THERE, *NAMES, *MACHINES, *SCHEDULES, *VALUES, *ELASTICACHE]
