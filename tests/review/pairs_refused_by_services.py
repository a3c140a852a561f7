"""What single services refuse, and what they refuse to change: rows as in pairs_refusals.py."""

from __future__ import annotations

from typing import Any

from tests.review.edits import GROUP, SUBNETS, UPGRADE, both, put
from tests.review.refusal_rows import ALARM, BUCKET, CONTROL, MACHINE, ROLE, SCHEDULE, Refused, Taken, add, machine, section
from tests.review.rule_edits import KEY, LOGS, MAIL, QUEUE, TABLE, allow, deny, new, policy

N = "New"
_END = {"Type": "Pass", "End": True}


def _new(name: str, says: str, kind: str, **properties: Any) -> Refused:
    return Refused(name, new(kind, **properties), says, N)


def _index(name: str) -> dict[str, Any]:
    return {"IndexName": name, "KeySchema": [{"AttributeName": "source", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}


def _expiring(**rule: Any) -> Any:
    return put(BUCKET, UPGRADE, LifecycleConfiguration={"Rules": [{"Status": "Enabled", **rule}]})


def _find(*path: str) -> Any:
    return put(CONTROL, UPGRADE, MemorySize={"Fn::FindInMap": list(path)})


_MAP = section("Mappings", UPGRADE, M={"a": {"b": 256}})
_CLOSED = {"Fn::Or": [{"Condition": "B"}, {"Fn::Equals": ["a", "b"]}]}
_DELIVERY = {"LogType": "slow-log", "LogFormat": "json", "DestinationType": "kinesis-firehose"}
_LONG = deny("s3:GetObject", [f"arn:aws-us-gov:s3:::{'b' * 50}{number}/*" for number in range(100)])

SERVICES = [
    Refused("a key of several regions", put(KEY, MultiRegion=True), "stays as it was made", KEY),
    Refused("a key of another kind", put(KEY, KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY"), "KeySpec", KEY),
    Refused("logs of another class", put(LOGS, UPGRADE, LogGroupClass="INFREQUENT_ACCESS"), "LogGroupClass", LOGS),
    Refused(
        "a parameter of a lesser tier",
        put(N, UPGRADE, Tier="Standard"),
        "Tier: Advanced",
        N,
        new("AWS::SSM::Parameter", Type="String", Value="a", Tier="Advanced"),
    ),
    Refused("two indexes at once", put(TABLE, UPGRADE, GlobalSecondaryIndexes=[_index("one"), _index("two")]), "at once", TABLE),
    Refused("a subnet that nodes are in", put(SUBNETS, SubnetIds=["subnet-0aaaaaaaaaaaaaaaa"]), "taken away", SUBNETS),
    Refused("a map that is not there", _find("Nope", "a", "b"), "there is no Nope", CONTROL),
    Refused("a key that is not there", both(_MAP, _find("M", "a", "c")), "there is no c", CONTROL),
    Refused(
        "conditions in a circle",
        section("Conditions", UPGRADE, A=_CLOSED, B={"Fn::Not": [{"Condition": "A"}]}),
        "circular condition",
        "UpliftProdUpgrade",
    ),
    Refused("a function without a handler", put(CONTROL, UPGRADE, Handler=None), "Handler is missing", CONTROL),
    Refused("a function without a runtime", put(CONTROL, UPGRADE, Runtime=None), "Runtime is missing", CONTROL),
    Refused("a function without code", put(CONTROL, UPGRADE, Code={}), "Code is empty", CONTROL),
    Refused("a queue encrypted twice", put(QUEUE, UPGRADE, SqsManagedSseEnabled=True, KmsMasterKeyId="alias/a"), "in one way", QUEUE),
    Refused(
        "a queue that hands on at once",
        put(QUEUE, UPGRADE, RedrivePolicy={"deadLetterTargetArn": "arn:aws-us-gov:sqs:us-gov-west-1:333333333333:x", "maxReceiveCount": 0}),
        "1 to 1000",
        QUEUE,
    ),
    _new("a parameter that is too long", "4,097 bytes", "AWS::SSM::Parameter", Type="String", Value="x" * 4097),
    _new("a parameter without a value", "Value is empty", "AWS::SSM::Parameter", Type="String", Value=""),
    _new("a parameter against its pattern", "AllowedPattern", "AWS::SSM::Parameter", Type="String", Value="x", AllowedPattern="^[0-9]+$"),
    _new("a parameter of AWS's own", "AWS's own", "AWS::SSM::Parameter", Type="String", Value="x", Name="/aws/x"),
    _new("an alias of AWS's own", "AWS's own keys", "AWS::KMS::Alias", AliasName="alias/aws/x", TargetKeyId="a"),
    Refused("too many tags", put(QUEUE, UPGRADE, Tags=[{"Key": f"k{n}", "Value": "v"} for n in range(51)]), "up to 50", QUEUE),
    Refused(
        "a rule by number and by name",
        both(
            add("A", "AWS::EC2::SecurityGroupIngress", GroupId="sg-1", IpProtocol="tcp", FromPort=1, ToPort=1, CidrIp="10.0.0.0/8"),
            add("B", "AWS::EC2::SecurityGroupIngress", GroupId="sg-1", IpProtocol="6", FromPort=1, ToPort=1, CidrIp="10.0.0.0/8"),
        ),
        "A makes it too",
        "B",
    ),
    Refused(
        "an alarm of another region",
        put(ALARM, AlarmActions=["arn:aws-us-gov:sns:us-gov-east-1:333333333333:t"]),
        "it is in us-gov-east-1",
        ALARM,
    ),
    Refused(
        "an alarm of another account",
        put(ALARM, AlarmActions=["arn:aws-us-gov:sns:us-gov-west-1:444444444444:t"]),
        "in account 444444444444",
        ALARM,
    ),
    _new("an action without its service", "begins with its service", "AWS::IAM::ManagedPolicy", PolicyDocument=policy(allow("GetObject"))),
    _new("a policy that is too long", "up to 6,144", "AWS::IAM::ManagedPolicy", PolicyDocument=policy(_LONG)),
    _new("an ARN elsewhere", "aws-us-gov", "AWS::IAM::ManagedPolicy", PolicyDocument=policy(allow("s3:Get*", "arn:aws:s3:::b"))),
    Refused("a policy elsewhere", put(ROLE, UPGRADE, ManagedPolicyArns=["arn:aws:iam::aws:policy/ReadOnlyAccess"]), "partition", ROLE),
    Refused(
        "too many policies",
        put(ROLE, UPGRADE, ManagedPolicyArns=[f"arn:aws-us-gov:iam::aws:policy/P{n}" for n in range(21)]),
        "up to 20",
        ROLE,
    ),
    Refused(
        "two policies of one name",
        put(ROLE, UPGRADE, Policies=[{"PolicyName": "a", "PolicyDocument": policy(allow("s3:Get*"))}] * 2),
        "two policies a",
        ROLE,
    ),
    _new("a group named like an id", "are ids", "AWS::EC2::SecurityGroup", GroupDescription="a", GroupName="sg-mine"),
    Refused("objects gone at once", _expiring(ExpirationInDays=0), "ExpirationInDays", BUCKET),
    Refused("days and a date", _expiring(ExpirationInDays=1, ExpirationDate="2030-01-01T00:00:00Z"), "ExpirationDate", BUCKET),
    Refused("a rule that does nothing", _expiring(Id="idle"), "idle without an action", BUCKET),
    _new("a bucket named like an address", "no IP address", "AWS::S3::Bucket", BucketName="10.0.0.1"),
    _new("a secret drawn and written", "written or drawn", "AWS::SecretsManager::Secret", SecretString="a", GenerateSecretString={}),
    _new("a nested stack of a file", "https address", "AWS::CloudFormation::Stack", TemplateURL="nested.yaml"),
    _new("a dashboard with a space", "other characters", "AWS::CloudWatch::Dashboard", DashboardName="a b", DashboardBody="{}"),
    Refused("an address of another protocol", put(MAIL, Protocol="https", Endpoint="http://example.gov"), "begins with https://", MAIL),
    Refused(
        "logs to another place",
        put(LogDeliveryConfigurations=[_DELIVERY | {"DestinationDetails": {"CloudWatchLogsDetails": {"LogGroup": "a"}}}]),
        "KinesisFirehoseDetails",
        GROUP,
    ),
    Refused(
        "an end before its start",
        put(SCHEDULE, UPGRADE, StartDate="2030-02-01T00:00:00Z", EndDate="2030-01-01T00:00:00Z"),
        "ends before it starts",
        SCHEDULE,
    ),
    Refused("a negative wait", machine(Begin={"Type": "Wait", "Seconds": -1, "End": True}), "0 and more", MACHINE),
    Refused(
        "a catch after all",
        machine(
            Begin={
                "Type": "Task",
                "Resource": "a",
                "End": True,
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "E"}, {"ErrorEquals": ["X"], "Next": "E"}],
            },
            E=_END,
        ),
        "put States.ALL last",
        MACHINE,
    ),
    Refused("a timeout that is a text", machine(Begin={**_END, "Type": "Task", "Resource": "a", "TimeoutSeconds": "60"}), "'60'", MACHINE),
    Refused("a name that is too long, of a state", machine(**{"Begin": {"Type": "Pass", "Next": "z" * 81}, "z" * 81: _END}), "81", MACHINE),
]
TAKES = [
    Taken("one index more", put(TABLE, UPGRADE, GlobalSecondaryIndexes=[_index("one")])),
    Taken("a key as by default", put(KEY, KeySpec="SYMMETRIC_DEFAULT", MultiRegion=False)),
    Taken("a map with a default", put(CONTROL, UPGRADE, MemorySize={"Fn::FindInMap": ["M", "a", "b", {"DefaultValue": 256}]}), _MAP),
    Taken("an advanced parameter", new("AWS::SSM::Parameter", Type="String", Value="x" * 5000, Tier="Advanced")),
    Taken("a policy of this partition", new("AWS::IAM::ManagedPolicy", PolicyDocument=policy(allow("s3:Get*", "arn:aws-us-gov:s3:::b")))),
]
