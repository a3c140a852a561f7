"""Who may do what: wider, narrower, and the same written otherwise."""

from __future__ import annotations

from typing import Any

from tests.review.edits import APP_CACHE, TOKEN, UPGRADE, Edit, put, resource
from tests.review.pairs import BEHAVIOUR, HARMLESS, OUTAGE, PROTECTION, SECURITY, Pair
from tests.review.rule_edits import (
    APPLICATION,
    BUCKET_POLICY,
    CONTROL,
    IMPORTED,
    KEY,
    NEW,
    ROLE,
    TOPIC,
    TOPIC_POLICY,
    allow,
    deny,
    inside,
    new,
    policy,
    statement,
)

_TOKEN = {"Ref": TOKEN}


def _document(*statements: dict[str, Any], kind: str = "AWS::IAM::Policy", **properties: Any) -> Edit:
    held: dict[str, Any] = {"PolicyName": "p", "Roles": [{"Ref": ROLE}]} if kind == "AWS::IAM::Policy" else {}
    return new(kind, **held | properties, PolicyDocument=policy(*statements))


def _same(name: str, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Pair:
    return Pair(f"the same rights: {name}", _document(*after), HARMLESS, "the same rights", NEW, base=_document(*before))


_READ, _WRITE = "s3:GetObject", "s3:PutObject"
_ENDPOINT: dict[str, Any] = {
    "ServiceName": "com.amazonaws.us-gov-west-1.secretsmanager",
    "VpcId": "v",
    "SubnetIds": ["a", "b"],
    "SecurityGroupIds": ["sg-1"],
    "PrivateDnsEnabled": True,
}
_AN_ENDPOINT = new("AWS::EC2::VPCEndpoint", **_ENDPOINT)
_USER: dict[str, Any] = {
    "UserId": "u",
    "UserName": "u",
    "Engine": "redis",
    "AccessString": "on ~app:* +get",
    "Passwords": ["{{resolve:secretsmanager:x}}"],
}

RIGHTS = [
    Pair("the reader is denied", statement(APPLICATION, APP_CACHE, deny("secretsmanager:*")), OUTAGE, "more is denied", APPLICATION),
    Pair(
        "the reader is denied its token",
        statement(APPLICATION, APP_CACHE, deny("secretsmanager:GetSecretValue", _TOKEN)),
        OUTAGE,
        "more is denied",
        APPLICATION,
    ),
    Pair("the reader is denied something else", statement(APPLICATION, APP_CACHE, deny("s3:*")), BEHAVIOUR, "more is denied", APPLICATION),
    Pair(
        "the reader finds no facts",
        inside(APPLICATION, APP_CACHE, "PolicyDocument.Statement.0.Action", ["ssm:DescribeParameters"]),
        OUTAGE,
        "less is allowed",
        APPLICATION,
    ),
    Pair(
        "the reader reads no token",
        inside(APPLICATION, APP_CACHE, "PolicyDocument.Statement.1.Action", "secretsmanager:DescribeSecret"),
        OUTAGE,
        "less is allowed",
        APPLICATION,
    ),
    Pair("a policy given to one more", put(CONTROL, UPGRADE, Roles=[{"Ref": ROLE}, "other"]), SECURITY, "given to other too", CONTROL),
    Pair("a policy given to another", put(CONTROL, UPGRADE, Roles=["other"]), SECURITY, "given to other too", CONTROL),
    Pair("a policy given to a user", put(CONTROL, UPGRADE, Users=["u"]), SECURITY, "given to u too", CONTROL),
    Pair(
        "a policy taken away",
        put(CONTROL, UPGRADE, Roles=["a"]),
        BEHAVIOUR,
        "taken away from b",
        CONTROL,
        base=put(CONTROL, UPGRADE, Roles=["a", "b"]),
    ),
    Pair(
        "the reader's policy taken away",
        put(APPLICATION, Roles=["a"]),
        OUTAGE,
        "taken away from b",
        APPLICATION,
        base=put(APPLICATION, Roles=["a", "b"]),
    ),
    Pair(
        "holders in another order",
        put(CONTROL, UPGRADE, Roles=["b", "a"]),
        HARMLESS,
        "",
        CONTROL,
        base=put(CONTROL, UPGRADE, Roles=["a", "b"]),
    ),
    Pair(
        "a managed policy more",
        put(ROLE, UPGRADE, ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"]),
        SECURITY,
        "AdministratorAccess",
        ROLE,
    ),
    Pair("rights nobody knows", put(ROLE, UPGRADE, ManagedPolicyArns=IMPORTED), SECURITY, "whatever it says", ROLE),
    Pair("statements nobody knows", inside(CONTROL, UPGRADE, "PolicyDocument.Statement", IMPORTED), SECURITY, "whatever it says", CONTROL),
    Pair(
        "an effect nobody knows",
        inside(CONTROL, UPGRADE, "PolicyDocument.Statement.0.Effect", IMPORTED),
        SECURITY,
        "more is allowed",
        CONTROL,
        base=inside(CONTROL, UPGRADE, "PolicyDocument.Statement.0.Effect", "Deny"),
    ),
    Pair(
        "another account trusted",
        lambda t: resource(ROLE, UPGRADE)(t)["Properties"]["AssumeRolePolicyDocument"]["Statement"].append(
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "999999999999"}}
        ),
        SECURITY,
        "999999999999",
        ROLE,
    ),
    Pair("no boundary", put(ROLE, UPGRADE, PermissionsBoundary=None), SECURITY, "Nothing limits", ROLE),
    Pair(
        "a boundary",
        put(ROLE, UPGRADE, PermissionsBoundary="b"),
        BEHAVIOUR,
        "only what the boundary allows",
        ROLE,
        base=put(ROLE, UPGRADE, PermissionsBoundary=None),
    ),
    Pair("another boundary", put(ROLE, UPGRADE, PermissionsBoundary="b"), SECURITY, "Another boundary", ROLE),
    Pair(
        "longer sessions",
        put("OperatorsRead693194EC", UPGRADE, MaxSessionDuration=43200),
        SECURITY,
        "lives longer",
        "OperatorsRead693194EC",
    ),
    Pair(
        "shorter sessions",
        put("OperatorsRead693194EC", UPGRADE, MaxSessionDuration=3600),
        BEHAVIOUR,
        "more often",
        "OperatorsRead693194EC",
        base=put("OperatorsRead693194EC", UPGRADE, MaxSessionDuration=43200),
    ),
    Pair(
        "alarms may not publish",
        inside(TOPIC_POLICY, UPGRADE, "PolicyDocument.Statement.1.Principal.Service", "budgets.amazonaws.com"),
        SECURITY,
        "more is allowed",
        TOPIC_POLICY,
        also=((PROTECTION, "less is allowed"),),
    ),
    Pair(
        "nobody may publish",
        statement(TOPIC_POLICY, UPGRADE, deny("sns:Publish", {"Ref": TOPIC}, Principal="*")),
        PROTECTION,
        "more is denied",
        TOPIC_POLICY,
    ),
    Pair(
        "alarms may not use the key",
        inside(KEY, APP_CACHE, "KeyPolicy.Statement", [allow("kms:*", Principal={"AWS": "arn:aws-us-gov:iam::333333333333:root"})]),
        PROTECTION,
        "less is allowed",
        KEY,
    ),
    Pair(
        "nobody may decrypt",
        lambda t: resource(KEY)(t)["Properties"]["KeyPolicy"]["Statement"].append(deny("kms:Decrypt", Principal="*")),
        OUTAGE,
        "more is denied",
        KEY,
    ),
    Pair(
        "without TLS nothing",
        statement(BUCKET_POLICY, UPGRADE, deny("s3:*", Principal="*", Condition={"NumericLessThan": {"s3:TlsVersion": "1.2"}})),
        HARMLESS,
        "without TLS",
        BUCKET_POLICY,
    ),
    Pair(
        "a key for fewer",
        inside(KEY, APP_CACHE, "KeyPolicy.Statement.0.Action", "kms:Describe*"),
        OUTAGE,
        "less is allowed",
        KEY,
        base=put(TOKEN, KmsKeyId={"Ref": KEY}),
    ),
    Pair(
        "facts of its own only",
        inside(APPLICATION, APP_CACHE, "PolicyDocument.Statement.0.Resource", "arn:a/*"),
        BEHAVIOUR,
        "less is allowed",
        APPLICATION,
        base=inside(APPLICATION, APP_CACHE, "PolicyDocument.Statement.0.Resource", "*"),
    ),
    Pair(
        "a narrow endpoint",
        put(NEW, UPGRADE, PolicyDocument=policy(allow("s3:*", Principal="*"))),
        OUTAGE,
        "less is allowed",
        NEW,
        base=_AN_ENDPOINT,
    ),
    Pair("an endpoint that moves", put(NEW, UPGRADE, VpcId="w"), OUTAGE, "cut off", NEW, base=_AN_ENDPOINT),
    Pair("an endpoint without its name", put(NEW, UPGRADE, PrivateDnsEnabled=False), OUTAGE, "usual name", NEW, base=_AN_ENDPOINT),
    Pair("an endpoint in fewer subnets", put(NEW, UPGRADE, SubnetIds=["a"]), OUTAGE, "b taken away", NEW, base=_AN_ENDPOINT),
    Pair(
        "a user's rights wider",
        put(NEW, UPGRADE, AccessString="on ~* +@all"),
        SECURITY,
        "may do more",
        NEW,
        base=new("AWS::ElastiCache::User", **_USER),
    ),
    Pair(
        "a user's rights narrower",
        put(NEW, UPGRADE, AccessString="on ~app:* -get"),
        OUTAGE,
        "is refused",
        NEW,
        base=new("AWS::ElastiCache::User", **_USER),
    ),
    Pair(
        "a user without a password",
        put(NEW, UPGRADE, NoPasswordRequired=True, Passwords=None),
        SECURITY,
        "is let in",
        NEW,
        base=new("AWS::ElastiCache::User", **_USER),
    ),
    Pair(
        "a function open to all",
        put(NEW, UPGRADE, AuthType="NONE"),
        SECURITY,
        "open to everybody",
        NEW,
        base=new("AWS::Lambda::Url", AuthType="AWS_IAM", TargetFunctionArn="f"),
    ),
    Pair(
        "a function open no more",
        put(NEW, UPGRADE, AuthType="AWS_IAM"),
        BEHAVIOUR,
        "sign their requests",
        NEW,
        base=new("AWS::Lambda::Url", AuthType="NONE", TargetFunctionArn="f"),
    ),
    Pair(
        "a denial for one more",
        put(NEW, UPGRADE, Roles=["a", "b"]),
        BEHAVIOUR,
        "more is denied",
        NEW,
        base=_document(deny("s3:*"), Roles=["a"]),
    ),
    _same("merged", [allow(_READ, "a"), allow(_WRITE, "a")], [allow([_READ, _WRITE], ["a"])]),
    _same("split", [allow([_READ, _WRITE], ["a", "b"])], [allow(_WRITE, ["b", "a"]), allow([_READ], ["a", "b"])]),
    _same("reordered", [allow(_READ, "a"), deny(_WRITE, "b")], [deny([_WRITE], ["b"]), allow([_READ], ["a"])]),
    _same("in capitals", [allow("s3:getobject", "a")], [allow("S3:GetObject", "a")]),
    _same(
        "a condition in a list",
        [allow(_READ, Condition={"StringEquals": {"k": "v"}})],
        [allow(_READ, Condition={"StringEquals": {"k": ["v"]}})],
    ),
    _same("with a Sid", [allow(_READ)], [allow(_READ, Sid="Read")]),
    _same("what is covered already", [allow("s3:*")], [allow("s3:*"), allow(_READ)]),
    Pair(
        "everybody, in two ways",
        inside(BUCKET_POLICY, UPGRADE, "PolicyDocument.Statement.0.Principal", "*"),
        HARMLESS,
        "the same rights",
        BUCKET_POLICY,
    ),
]
