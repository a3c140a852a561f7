"""What runs, what others read by a name, and what rings."""

from __future__ import annotations

import json

from tests.review.edits import APP_CACHE, UPGRADE, both, put, resource
from tests.review.pairs import BEHAVIOUR, HARMLESS, OUTAGE, PROTECTION, SECURITY, Pair
from tests.review.rule_edits import ALARM, FACT, FUNCTION, IMPORTED, MACHINE, NEW, QUEUE, SCHEDULE, definition, each_state, inside, new

_BAND = {"Id": "b", "Expression": "ANOMALY_DETECTION_BAND(m, 2)", "ReturnData": True}
_A_BAND = new(
    "AWS::CloudWatch::Alarm",
    Metrics=[{"Id": "m"}, _BAND],
    ComparisonOperator="GreaterThanUpperThreshold",
    EvaluationPeriods=1,
    AlarmActions=["t"],
)
_A_COMPOSITE = new("AWS::CloudWatch::CompositeAlarm", AlarmRule="ALARM(a) OR ALARM(b)", AlarmActions=["t"])
_A_RECORD = new(
    "AWS::Route53::RecordSet", APP_CACHE, "Record", Name="redis.internal", Type="CNAME", TTL="60", ResourceRecords=["a"], HostedZoneId="z"
)
_DEAD = {"TargetArn": {"Fn::GetAtt": [QUEUE, "Arn"]}}

ALARMS = [
    Pair("a threshold nobody knows", put(ALARM, Threshold=IMPORTED), PROTECTION, "loosened, perhaps", ALARM),
    Pair("a threshold from SSM", put(ALARM, Threshold="{{resolve:ssm:/threshold}}"), PROTECTION, "loosened, perhaps", ALARM),
    Pair(
        "a lower bound lowered",
        put(ALARM, Threshold=5),
        PROTECTION,
        "alarm loosened",
        ALARM,
        base=put(ALARM, ComparisonOperator="LessThanThreshold"),
    ),
    Pair(
        "a lower bound raised",
        put(ALARM, Threshold=95),
        HARMLESS,
        "tighter",
        ALARM,
        base=put(ALARM, ComparisonOperator="LessThanThreshold"),
    ),
    Pair("at the threshold as well", put(ALARM, ComparisonOperator="GreaterThanOrEqualToThreshold"), HARMLESS, "tighter", ALARM),
    Pair("the other side", put(ALARM, ComparisonOperator="LessThanThreshold"), PROTECTION, "something else", ALARM),
    Pair("fewer may be missed", put(ALARM, EvaluationPeriods=3), PROTECTION, "alarm loosened", ALARM, base=put(ALARM, DatapointsToAlarm=3)),
    Pair("sooner", put(ALARM, EvaluationPeriods=3, DatapointsToAlarm=3), HARMLESS, "tighter", ALARM),
    Pair("periods nobody knows", put(ALARM, EvaluationPeriods=IMPORTED), PROTECTION, "loosened, perhaps", ALARM),
    Pair("longer periods", put(ALARM, Period=300), PROTECTION, "alarm loosened", ALARM),
    Pair(
        "shorter periods of a sum",
        put(ALARM, Period=60),
        PROTECTION,
        "loosened, perhaps",
        ALARM,
        base=put(ALARM, Statistic="Sum", Period=300),
    ),
    Pair("the maximum", put(ALARM, Statistic="Maximum"), HARMLESS, "tighter", ALARM),
    Pair("the minimum", put(ALARM, Statistic="Minimum"), PROTECTION, "alarm loosened", ALARM),
    Pair("another statistic", put(ALARM, Statistic="SampleCount"), PROTECTION, "something else", ALARM),
    Pair("another metric", put(ALARM, MetricName="CPUUtilization"), PROTECTION, "something else", ALARM),
    Pair("another unit", put(ALARM, Unit="Bytes"), PROTECTION, "something else", ALARM),
    Pair("silence is alarming", put(ALARM, TreatMissingData="breaching"), HARMLESS, "tighter", ALARM),
    Pair(
        "silence is well",
        put(ALARM, TreatMissingData="notBreaching"),
        PROTECTION,
        "nothing is measured",
        ALARM,
        base=put(ALARM, TreatMissingData=None),
    ),
    Pair("others are told", put(ALARM, AlarmActions=["arn:aws:sns:us-east-1:1:other"]), PROTECTION, "notifies others", ALARM),
    Pair(
        "more are told",
        lambda t: resource(ALARM)(t)["Properties"]["AlarmActions"].append("arn:aws:sns:us-east-1:1:other"),
        HARMLESS,
        "more are notified",
        ALARM,
    ),
    Pair(
        "told in another order",
        put(ALARM, AlarmActions=["b", "a"]),
        HARMLESS,
        "",
        ALARM,
        base=put(ALARM, AlarmActions=["a", "b"]),
    ),
    Pair("who is told is not known", put(ALARM, AlarmActions=IMPORTED), PROTECTION, "notifies others", ALARM),
    Pair("an alarm switched off", put(ALARM, ActionsEnabled=False), PROTECTION, "switched off", ALARM),
    Pair("an alarm switched off, perhaps", put(ALARM, ActionsEnabled=IMPORTED), PROTECTION, "off, perhaps", ALARM),
    Pair("not told when it is over", put(ALARM, OKActions=None), BEHAVIOUR, "no longer told", ALARM),
    Pair(
        "a wider band",
        inside(NEW, UPGRADE, "Metrics.1.Expression", "ANOMALY_DETECTION_BAND(m, 5)"),
        PROTECTION,
        "alarm loosened",
        NEW,
        base=_A_BAND,
    ),
    Pair(
        "a narrower band",
        inside(NEW, UPGRADE, "Metrics.1.Expression", "ANOMALY_DETECTION_BAND(m, 1)"),
        HARMLESS,
        "tighter",
        NEW,
        base=_A_BAND,
    ),
    Pair("a composite rule", put(NEW, UPGRADE, AlarmRule="ALARM(a) AND ALARM(b)"), PROTECTION, "something else", NEW, base=_A_COMPOSITE),
    Pair("a suppressor", put(NEW, UPGRADE, ActionsSuppressor="c"), PROTECTION, "tell nobody", NEW, base=_A_COMPOSITE),
    Pair(
        "no suppressor any more",
        put(NEW, UPGRADE, ActionsSuppressor=None),
        HARMLESS,
        "keeps it from ringing",
        NEW,
        base=both(_A_COMPOSITE, put(NEW, UPGRADE, ActionsSuppressor="c")),
    ),
]

FACTS = [
    Pair("a fact renamed", put(FACT, Name="/other"), OUTAGE, "finds nothing", FACT),
    Pair("a fact's value", put(FACT, Value="elsewhere"), BEHAVIOUR, "another value", FACT),
    Pair("a fact's words", put(FACT, Description="d"), HARMLESS, "Description", FACT),
    Pair("a record leads elsewhere", put("Record", ResourceRecords=["b"]), OUTAGE, "led elsewhere", "Record", base=_A_RECORD),
    Pair("a record of another name", put("Record", Name="other.internal"), OUTAGE, "finds no address", "Record", base=_A_RECORD),
    Pair("a record kept longer", put("Record", TTL="3600"), BEHAVIOUR, "keep an old address longer", "Record", base=_A_RECORD),
    Pair("a record kept shorter", put("Record", TTL="5"), HARMLESS, "TTL", "Record", base=_A_RECORD),
]

RUNS = [
    Pair(
        "a function that is stopped", put(FUNCTION, UPGRADE, ReservedConcurrentExecutions=0), PROTECTION, "does nothing any more", FUNCTION
    ),
    Pair(
        "a function that is stopped, perhaps",
        put(FUNCTION, UPGRADE, ReservedConcurrentExecutions=IMPORTED),
        PROTECTION,
        "does nothing any more",
        FUNCTION,
    ),
    Pair(
        "a function with fewer at once",
        put(FUNCTION, UPGRADE, ReservedConcurrentExecutions=5),
        BEHAVIOUR,
        "Fewer run at once",
        FUNCTION,
        base=put(FUNCTION, UPGRADE, ReservedConcurrentExecutions=10),
    ),
    Pair(
        "no dead letters",
        put(FUNCTION, UPGRADE, DeadLetterConfig=None),
        PROTECTION,
        "kept nowhere",
        FUNCTION,
        base=put(FUNCTION, UPGRADE, DeadLetterConfig=_DEAD),
    ),
    Pair("another role", put(FUNCTION, UPGRADE, Role="arn:aws:iam::1:role/other"), SECURITY, "rights of another role", FUNCTION),
    Pair(
        "another place in the network",
        inside("DataFunction05607F25", UPGRADE, "VpcConfig.SecurityGroupIds", ["sg-1"]),
        OUTAGE,
        "no longer reach",
        "DataFunction05607F25",
    ),
    Pair("out of the network", put("DataFunction05607F25", UPGRADE, VpcConfig=None), OUTAGE, "no longer reach", "DataFunction05607F25"),
    Pair("logs of a machine off", put(MACHINE, UPGRADE, LoggingConfiguration=None), PROTECTION, "no longer written down", MACHINE),
    Pair(
        "logs of a machine fewer",
        inside(MACHINE, UPGRADE, "LoggingConfiguration.Level", "FATAL"),
        PROTECTION,
        "no longer written down",
        MACHINE,
    ),
    Pair("traces off", put(MACHINE, UPGRADE, TracingConfiguration={"Enabled": False}), PROTECTION, "no longer written down", MACHINE),
    Pair(
        "a start that fails is forgotten", inside(SCHEDULE, UPGRADE, "Target.DeadLetterConfig", None), PROTECTION, "kept nowhere", SCHEDULE
    ),
    Pair(
        "a start is tried less",
        inside(SCHEDULE, UPGRADE, "Target.RetryPolicy.MaximumRetryAttempts", 0),
        PROTECTION,
        "tried less often",
        SCHEDULE,
    ),
    Pair(
        "a start is tried more", inside(SCHEDULE, UPGRADE, "Target.RetryPolicy.MaximumRetryAttempts", 9), BEHAVIOUR, "RetryPolicy", SCHEDULE
    ),
    Pair(
        "a start by another role", inside(SCHEDULE, UPGRADE, "Target.RoleArn", "arn:aws:iam::1:role/x"), SECURITY, "another role", SCHEDULE
    ),
    Pair("another input", inside(SCHEDULE, UPGRADE, "Target.Input", "{}"), BEHAVIOUR, "another input", SCHEDULE),
    Pair(
        "another minute",
        put(SCHEDULE, UPGRADE, FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}),
        BEHAVIOUR,
        "another minute",
        SCHEDULE,
    ),
    Pair("a schedule that may be on", put(SCHEDULE, UPGRADE, State=IMPORTED), BEHAVIOUR, "may run", SCHEDULE),
    Pair("a comment in a machine", definition(lambda machine: machine | {"Comment": "other"}), HARMLESS, "comments", MACHINE),
    Pair("comments of states", definition(each_state(lambda name, state: state | {"Comment": name})), HARMLESS, "comments", MACHINE),
    Pair("an order of keys", definition(lambda machine: dict(reversed(machine.items()))), HARMLESS, "", MACHINE),
    Pair("an indented machine", definition(lambda machine: json.dumps(machine, indent=2)), HARMLESS, "", MACHINE),
    Pair(
        "nothing is tried again",
        definition(each_state(lambda _n, state: {k: v for k, v in state.items() if k != "Retry"})),
        PROTECTION,
        "failures are met with less",
        MACHINE,
    ),
    Pair(
        "nothing is caught",
        definition(each_state(lambda _n, state: {k: v for k, v in state.items() if k != "Catch"})),
        PROTECTION,
        "failures are met with less",
        MACHINE,
    ),
    Pair("a machine in an hour", definition(lambda machine: machine | {"TimeoutSeconds": 3600}), BEHAVIOUR, "such as its timeout", MACHINE),
    Pair(
        "a comment that a step is given",
        definition(each_state(lambda name, state: state | {"Parameters": {"Comment": name}})),
        BEHAVIOUR,
        "Parameters",
        MACHINE,
        base=definition(each_state(lambda _n, state: state | {"Parameters": {"Comment": "x"}})),
    ),
]
