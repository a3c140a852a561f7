"""A new resource is judged too."""

from __future__ import annotations

from typing import Any

from tests.review.edits import APP_CACHE, TOKEN, UPGRADE, Edit
from tests.review.pairs import BEHAVIOUR, HARMLESS, OUTAGE, PROTECTION, SECURITY, Pair
from tests.review.rule_edits import IMPORTED, NEW, SHUT, allow, deny, new, policy

_METRIC: dict[str, Any] = {
    "MetricName": "Errors",
    "Namespace": "AWS/Lambda",
    "ComparisonOperator": "GreaterThanThreshold",
    "EvaluationPeriods": 1,
}
_TRUST = policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws-us-gov:iam::999999999999:root"}})
_TOKEN_REF = {"Ref": TOKEN}


def _is_new(name: str, worst: Any, says: str, kind: str, *, stack: str = UPGRADE, base: Edit = lambda _t: None, **properties: Any) -> Pair:
    return Pair(name, new(kind, stack, **properties), worst, says, NEW, base=base)


ADDED = [
    _is_new("a bucket that may be public", SECURITY, "may be made public", "AWS::S3::Bucket"),
    _is_new("a bucket that is shut", HARMLESS, "new", "AWS::S3::Bucket", PublicAccessBlockConfiguration=SHUT),
    _is_new(
        "a bucket partly shut",
        SECURITY,
        "without RestrictPublicBuckets",
        "AWS::S3::Bucket",
        PublicAccessBlockConfiguration=SHUT | {"RestrictPublicBuckets": False},
    ),
    _is_new(
        "a bucket with a public ACL",
        SECURITY,
        "a public ACL",
        "AWS::S3::Bucket",
        PublicAccessBlockConfiguration=SHUT,
        AccessControl="PublicRead",
    ),
    _is_new(
        "a website",
        SECURITY,
        "as a website",
        "AWS::S3::Bucket",
        PublicAccessBlockConfiguration=SHUT,
        WebsiteConfiguration={"IndexDocument": "i"},
    ),
    _is_new(
        "a public bucket policy",
        SECURITY,
        "open to everybody",
        "AWS::S3::BucketPolicy",
        Bucket="b",
        PolicyDocument=policy(allow("s3:GetObject", Principal="*")),
    ),
    _is_new("a user", SECURITY, "sign in or call AWS", "AWS::IAM::User"),
    _is_new("an access key", SECURITY, "sign in or call AWS", "AWS::IAM::AccessKey", UserName="somebody"),
    _is_new("somebody in a group", SECURITY, "the rights of a group", "AWS::IAM::UserToGroupAddition", GroupName="g", Users=["u"]),
    _is_new("an administrator", SECURITY, "* on *", "AWS::IAM::Policy", PolicyName="p", Roles=["r"], PolicyDocument=policy(allow("*"))),
    _is_new("a role another account assumes", SECURITY, "more is allowed", "AWS::IAM::Role", AssumeRolePolicyDocument=_TRUST),
    _is_new(
        "a role anybody assumes",
        SECURITY,
        "open to everybody",
        "AWS::IAM::Role",
        AssumeRolePolicyDocument=policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}),
    ),
    _is_new("a provider of identities", SECURITY, "vouches for", "AWS::IAM::OIDCProvider", Url="https://token.example"),
    _is_new("a function's open address", SECURITY, "open to everybody", "AWS::Lambda::Url", AuthType="NONE", TargetFunctionArn="f"),
    _is_new(
        "everybody may call a function",
        SECURITY,
        "open to everybody",
        "AWS::Lambda::Permission",
        Action="lambda:InvokeFunction",
        FunctionName="f",
        Principal="*",
    ),
    _is_new(
        "a service may call a function",
        SECURITY,
        "more is allowed",
        "AWS::Lambda::Permission",
        Action="lambda:InvokeFunction",
        FunctionName="f",
        Principal="events.amazonaws.com",
    ),
    _is_new("a function", HARMLESS, "new", "AWS::Lambda::Function", Code={"ZipFile": "x"}, Role="r"),
    _is_new(
        "a token rotated at once", OUTAGE, "rotates at once", "AWS::SecretsManager::RotationSchedule", stack=APP_CACHE, SecretId=_TOKEN_REF
    ),
    _is_new(
        "a token rotated, perhaps at once",
        OUTAGE,
        "rotates at once",
        "AWS::SecretsManager::RotationSchedule",
        stack=APP_CACHE,
        SecretId=_TOKEN_REF,
        RotateImmediatelyOnUpdate=IMPORTED,
    ),
    _is_new(
        "a token rotated later",
        BEHAVIOUR,
        "at its next date",
        "AWS::SecretsManager::RotationSchedule",
        stack=APP_CACHE,
        SecretId=_TOKEN_REF,
        RotateImmediatelyOnUpdate=False,
    ),
    _is_new("a nested stack", SECURITY, "cannot be seen", "AWS::CloudFormation::Stack", TemplateURL="https://t"),
    _is_new("code at deploy", BEHAVIOUR, "runs at deploy", "Custom::Cleanup", ServiceToken="arn"),
    _is_new("a machine", SECURITY, "acts in this network", "AWS::EC2::Instance", ImageId="ami-1"),
    _is_new("a way out and in", SECURITY, "reached from outside", "AWS::EC2::InternetGateway"),
    _is_new(
        "a route to the internet",
        SECURITY,
        "a way to the internet",
        "AWS::EC2::Route",
        RouteTableId="r",
        DestinationCidrBlock="0.0.0.0/0",
        GatewayId="igw-1",
    ),
    _is_new("a peer network", SECURITY, "another network", "AWS::EC2::VPCPeeringConnection", VpcId="v", PeerVpcId="w"),
    _is_new("a key for all", SECURITY, "open to everybody", "AWS::KMS::Key", KeyPolicy=policy(allow("kms:*", Principal={"AWS": "*"}))),
    _is_new(
        "a key for its own account",
        HARMLESS,
        "new",
        "AWS::KMS::Key",
        KeyPolicy=policy(allow("kms:*", Principal={"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}})),
    ),
    _is_new(
        "somebody more is told",
        BEHAVIOUR,
        "Somebody more is told",
        "AWS::SNS::Subscription",
        Protocol="email",
        Endpoint="x@y",
        TopicArn="t",
    ),
    _is_new(
        "a site is told", SECURITY, "can be read there", "AWS::SNS::Subscription", Protocol="https", Endpoint="https://x", TopicArn="t"
    ),
    _is_new(
        "another account is told",
        SECURITY,
        "can be read there",
        "AWS::SNS::Subscription",
        Protocol="sqs",
        Endpoint="arn:aws:sqs:us-east-1:999999999999:q",
        TopicArn="t",
    ),
    _is_new("an alarm that tells nobody", PROTECTION, "tells nobody", "AWS::CloudWatch::Alarm", **_METRIC),
    _is_new(
        "an alarm that tells nobody yet",
        PROTECTION,
        "tells nobody",
        "AWS::CloudWatch::Alarm",
        **_METRIC,
        AlarmActions=["t"],
        ActionsEnabled=False,
    ),
    _is_new("an alarm that tells", HARMLESS, "a new alarm", "AWS::CloudWatch::Alarm", **_METRIC, AlarmActions=["t"]),
    _is_new(
        "a schedule that is on", BEHAVIOUR, "will run", "AWS::Scheduler::Schedule", ScheduleExpression="rate(1 day)", Target={"Arn": "a"}
    ),
    _is_new(
        "a schedule that is on, perhaps",
        BEHAVIOUR,
        "may run",
        "AWS::Scheduler::Schedule",
        ScheduleExpression="rate(1 day)",
        Target={"Arn": "a"},
        State=IMPORTED,
    ),
    _is_new(
        "a user of Redis with no password",
        SECURITY,
        "needs no password",
        "AWS::ElastiCache::User",
        NoPasswordRequired=True,
        AccessString="on ~a +get",
    ),
    _is_new(
        "a user of Redis with every right", SECURITY, "wide rights", "AWS::ElastiCache::User", Passwords=["x"], AccessString="on ~* +@all"
    ),
    _is_new("a log group", HARMLESS, "for ever", "AWS::Logs::LogGroup"),
    _is_new("a table", HARMLESS, "new", "AWS::DynamoDB::Table", KeySchema=[]),
    _is_new("a type nobody has thought of", BEHAVIOUR, "no rule for its type", "AWS::QLDB::Ledger"),
    _is_new(
        "a secret nobody may read",
        OUTAGE,
        "more is denied",
        "AWS::SecretsManager::ResourcePolicy",
        stack=APP_CACHE,
        SecretId=_TOKEN_REF,
        ResourcePolicy=policy(deny("secretsmanager:GetSecretValue", Principal="*")),
    ),
    _is_new(
        "a narrow way to Secrets Manager",
        OUTAGE,
        "less is allowed",
        "AWS::EC2::VPCEndpoint",
        ServiceName="com.amazonaws.us-gov-west-1.secretsmanager",
        VpcId="v",
        PolicyDocument=policy(allow("secretsmanager:GetSecretValue", "x", Principal={"AWS": "arn:aws:iam::999999999999:role/x"})),
    ),
    _is_new(
        "a way to Secrets Manager",
        BEHAVIOUR,
        "go another way",
        "AWS::EC2::VPCEndpoint",
        ServiceName="com.amazonaws.us-gov-west-1.secretsmanager",
        VpcId="v",
    ),
    _is_new(
        "a key for the account that the others are for",
        HARMLESS,
        "new",
        "AWS::KMS::Key",
        KeyPolicy=policy(allow("kms:*", Principal={"AWS": "arn:aws-us-gov:iam::333333333333:root"})),
    ),
    _is_new("a secret that is written out", SECURITY, "a secret in the clear", "AWS::SecretsManager::Secret", SecretString="hunter2"),
    _is_new("a secret from elsewhere", HARMLESS, "new", "AWS::SecretsManager::Secret", SecretString="{{resolve:ssm-secure:a}}"),
    _is_new(
        "a password deep inside",
        SECURITY,
        "a secret in the clear: Users.Password",
        "AWS::AmazonMQ::Broker",
        Users=[{"Username": "a", "Password": "hunter2"}],
    ),
    _is_new("a public database", SECURITY, "open to the internet", "AWS::RDS::DBInstance", PubliclyAccessible=True),
    _is_new("a public warehouse", SECURITY, "open to the internet", "AWS::Redshift::Cluster", PubliclyAccessible="true"),
    _is_new("a private broker", HARMLESS, "new", "AWS::AmazonMQ::Broker", PubliclyAccessible=False),
    _is_new("an open method", SECURITY, "open to everybody", "AWS::ApiGateway::Method", HttpMethod="GET", AuthorizationType="NONE"),
    _is_new("a browser's question", HARMLESS, "new", "AWS::ApiGateway::Method", HttpMethod="OPTIONS", AuthorizationType="NONE"),
    _is_new("a MemoryDB for everybody", SECURITY, "open to everybody", "AWS::MemoryDB::Cluster", ACLName="open-access"),
    _is_new("a MemoryDB without TLS", SECURITY, "without TLS", "AWS::MemoryDB::Cluster", ACLName="a", TLSEnabled=False),
]
