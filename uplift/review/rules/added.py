"""A resource that is new: what it lets in, what it does by itself, and what it leaves unwatched."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from uplift.review.finding import NEW_SUBSCRIPTION, OPEN_TO_EVERYBODY, OPEN_TO_THE_INTERNET, Finding
from uplift.review.rules.access_strings import is_wide
from uplift.review.rules.added_types import BY_TYPE, INERT
from uplift.review.rules.judgement import Judgement, Meaning, behaviour, harmless, outage, protection, security
from uplift.review.rules.properties.kept import ACL_IS_PUBLIC, is_public_acl
from uplift.review.rules.properties.rights import without_password
from uplift.review.rules.rotation import ROTATION, rotation_judged
from uplift.review.templates.differences import Change
from uplift.review.templates.known_values import at, holds_open, truth
from uplift.review.templates.template import Resource, StackTemplate
from uplift.review.wording.values import flattened, secrets_in_the_clear

_CUSTOM = ("Custom::", "AWS::CloudFormation::CustomResource")
_Judged = Callable[[Resource, StackTemplate], Iterator[Judgement]]


def findings_of_added(change: Change, head: StackTemplate) -> Iterator[Finding]:
    """What a new resource means by itself; its policies and rules are said by rules of their own."""
    for one in (*_judged(change.resource, head), *_secrets(change.resource)):
        yield one.on(change)


def _secrets(new: Resource) -> Iterator[Judgement]:
    """Whatever the type, a secret that is written out is read by whoever reads the template."""
    for path in dict.fromkeys(where for where, _ in secrets_in_the_clear(dict(new.properties), ())):
        yield security("It can be read in git and in CloudFormation.", "draw it, or name it with {{resolve:secretsmanager:…}}").judged(
            f"a secret in the clear: {path}"
        )


def _judged(new: Resource, head: StackTemplate) -> Iterator[Judgement]:
    if new.type.startswith(_CUSTOM):
        yield behaviour("Its code runs when this is deployed, and does what it likes with what its role allows.", "read its code").judged(
            "new, and runs at deploy"
        )
    elif new.type in _READ:
        found = list(_READ[new.type](new, head))
        yield from found or [harmless().judged("new")]
    elif new.type in BY_TYPE:
        yield BY_TYPE[new.type].judged("new")
    elif new.type in INERT:
        yield harmless().judged("new")
    else:
        yield behaviour("This review has no rule for its type.", "see what it does by itself, and whom it lets in").judged("new")


_PUBLIC_PARTS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


def _bucket(new: Resource, _head: StackTemplate) -> Iterator[Judgement]:
    """S3 blocks public access to a new bucket by itself, until somebody says otherwise; a template that says so keeps it so."""
    open_parts = [part for part in _PUBLIC_PARTS if truth(at(new, f"PublicAccessBlockConfiguration.{part}")) is not True]
    if open_parts:
        yield security("It may be made public.", "block all public access").judged(f"new, without {', '.join(open_parts)}")
    if is_public_acl(new.property("AccessControl")):
        yield ACL_IS_PUBLIC.judged("new, with a public ACL", flattened(new.property("AccessControl")))
    if new.property("WebsiteConfiguration") is not None:
        yield security("Its objects are served as pages, without signing in.").judged("new, as a website")
    if new.property("ReplicationConfiguration") is not None:
        yield security("What is written here is copied elsewhere, where others may read it.").judged("new, and copied")


def _alarm(new: Resource, head: StackTemplate) -> Iterator[Judgement]:
    if new.property("AlarmActions") in (None, []) and not _is_heard(new, head):
        yield protection("It rings, and nobody hears it.", "give it AlarmActions").judged("a new alarm that tells nobody")
    elif truth(new.property("ActionsEnabled"), default=True) is not True:
        yield protection("It rings, and nobody hears it.", "leave ActionsEnabled on").judged("a new alarm that tells nobody")
    else:
        yield harmless().judged("a new alarm")


def _is_heard(new: Resource, head: StackTemplate) -> bool:
    """Whether a composite alarm rings for it."""
    name = new.property("AlarmName")
    texts = [flattened(one.property("AlarmRule") or "") for one in head.of_type("AWS::CloudWatch::CompositeAlarm")]
    return any(f"<{new.logical_id}" in text or (isinstance(name, str) and name in text) for text in texts)


_OUTSIDE = ("http", "https", "firehose", "application")


def _subscription(new: Resource, _head: StackTemplate) -> Iterator[Judgement]:
    protocol, endpoint = flattened(new.property("Protocol") or ""), flattened(new.property("Endpoint") or "")
    # The account is the fifth part of an ARN.
    account = endpoint.split(":")[4] if endpoint.startswith("arn:") and endpoint.count(":") > 4 else ""
    if protocol in _OUTSIDE or account.isdigit() or holds_open(new.property("Protocol")):
        yield security("What the topic says can be read there.").judged(NEW_SUBSCRIPTION, f"{protocol}: {endpoint}")
    else:
        yield behaviour("Somebody more is told.").judged(NEW_SUBSCRIPTION, f"{protocol}: {endpoint}")


def _lambda_url(new: Resource, _head: StackTemplate) -> Iterator[Judgement]:
    if new.property("AuthType") == "AWS_IAM":
        yield security("Whoever may sign for it can call the function from the internet.").judged("a new address of a function")
    else:
        yield security("Whoever knows the address can call the function.", "use AWS_IAM").judged(OPEN_TO_EVERYBODY)


def _redis_user(new: Resource, _head: StackTemplate) -> Iterator[Judgement]:
    if without_password(new):
        yield security("Whoever names the user is let in.", "give it a password").judged("new, and needs no password")
    if is_wide(new.property("AccessString")):
        yield security("It may do everything, or with every key.", "name what it needs").judged(
            "new, with wide rights in Redis", flattened(new.property("AccessString"))
        )


def _instance(new: Resource, _head: StackTemplate) -> Iterator[Judgement]:
    yield security("What runs on it acts in this network.", "see who reaches it").judged("new")


def _subnet(new: Resource, _head: StackTemplate) -> Iterator[Judgement]:
    if truth(new.property("MapPublicIpOnLaunch")) is not False:
        yield security("What is started in it has a public address.").judged("new, and public")


def _route(new: Resource, _head: StackTemplate) -> Iterator[Judgement]:
    gateway = new.property("GatewayId") or new.property("EgressOnlyInternetGatewayId")
    if gateway is not None and "vgw-" not in flattened(gateway):
        yield security("What is in its subnets can be reached from the internet.").judged("new, a way to the internet")
    elif new.property("VpcPeeringConnectionId") is not None or new.property("TransitGatewayId") is not None:
        yield security("What is in its subnets can be reached from another network.").judged("new, a way to another network")
    else:
        yield behaviour("Connections go another way.").judged("new")


def _load_balancer(new: Resource, _head: StackTemplate) -> Iterator[Judgement]:
    if new.property("Scheme") == "internal":
        yield behaviour("It answers inside the network.").judged("new")
    else:
        yield security("It answers from the internet.", "use Scheme: internal").judged("new, open to the internet")


def _access_list_entry(new: Resource, _head: StackTemplate) -> Iterator[Judgement]:
    allows = new.property("RuleAction") == "allow"
    meaning: Meaning = security("It lets traffic through.") if allows else outage("It keeps traffic from getting through.")
    yield meaning.judged("new", flattened(new.property("CidrBlock") or new.property("Ipv6CidrBlock") or ""))


def _event_source(new: Resource, _head: StackTemplate) -> Iterator[Judgement]:
    if truth(new.property("Enabled"), default=True) is not False:
        yield behaviour("It starts a function by itself.").judged("new, and on")


def _role(new: Resource, _head: StackTemplate) -> Iterator[Judgement]:
    if new.property("AssumeRolePolicyDocument") is None:
        yield security("Who may assume it is not written here.").judged("new")


def _log_group(new: Resource, _head: StackTemplate) -> Iterator[Judgement]:
    if new.property("RetentionInDays") is None:
        yield harmless("It keeps logs for ever, and they are paid by the GB.").judged("new")


def _key(new: Resource, _head: StackTemplate) -> Iterator[Judgement]:
    if truth(new.property("Enabled"), default=True) is not True:
        yield behaviour("Nothing can be encrypted or read with it.").judged("new, and switched off")


def _record_set(new: Resource, _head: StackTemplate) -> Iterator[Judgement]:
    yield behaviour("A name leads somewhere that led nowhere, or elsewhere, before.").judged("new", flattened(new.property("Name") or ""))


def _database(new: Resource, _head: StackTemplate) -> Iterator[Judgement]:
    """What is unsaid depends on the subnets; only what is said is judged (RDS, Redshift and MQ API references)."""
    if truth(new.property("PubliclyAccessible")) is not False:
        yield security("It can be reached from the internet.", "set PubliclyAccessible: false").judged(OPEN_TO_THE_INTERNET)


def _memory_db(new: Resource, _head: StackTemplate) -> Iterator[Judgement]:
    if new.property("ACLName") == "open-access":
        yield security("Whoever reaches it may do everything, without a password.", "give it a list of users").judged(OPEN_TO_EVERYBODY)
    if truth(new.property("TLSEnabled"), default=True) is not True:
        yield security("What it is told and says can be read on the way.", "leave TLSEnabled on").judged("new, without TLS")


def _method(new: Resource, _head: StackTemplate) -> Iterator[Judgement]:
    """A browser asks OPTIONS before it signs anything (API Gateway guide, "Enable CORS for a resource")."""
    if new.property("HttpMethod") != "OPTIONS" and (new.property("AuthorizationType") or "NONE") == "NONE":
        yield security("Whoever knows the address may call it.", "set AuthorizationType").judged(OPEN_TO_EVERYBODY)


_READ: dict[str, _Judged] = {
    **dict.fromkeys(("AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::Redshift::Cluster", "AWS::AmazonMQ::Broker"), _database),
    "AWS::MemoryDB::Cluster": _memory_db,
    "AWS::ApiGateway::Method": _method,
    "AWS::ApiGatewayV2::Route": _method,
    "AWS::S3::Bucket": _bucket,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::CompositeAlarm": _alarm,
    "AWS::SNS::Subscription": _subscription,
    ROTATION: rotation_judged,
    "AWS::Lambda::Url": _lambda_url,
    "AWS::ElastiCache::User": _redis_user,
    "AWS::EC2::Instance": _instance,
    "AWS::EC2::Subnet": _subnet,
    "AWS::EC2::Route": _route,
    "AWS::ElasticLoadBalancing::LoadBalancer": _load_balancer,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _load_balancer,
    "AWS::EC2::NetworkAclEntry": _access_list_entry,
    "AWS::Lambda::EventSourceMapping": _event_source,
    "AWS::IAM::Role": _role,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::KMS::Key": _key,
    "AWS::Route53::RecordSet": _record_set,
}
