"""What single services refuse of one resource, and no schema of cfn-lint says. Each function names the page of AWS it comes from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Address

from uplift.review.refusals.refusal import Refusal
from uplift.review.templates.known_values import holds_open, is_expression, is_open, known_number, known_text, members, truth
from uplift.review.templates.template import REPLICATION_GROUP, STACK, Resource, StackTemplate, Value
from uplift.review.wording.values import shown

_Rule = Callable[[Resource, StackTemplate], Iterator[Refusal]]
_MOST_TAGS = 50
_LONGEST_VALUE = {"Standard": 4096, "Advanced": 8192}
# Only these are written into the template itself.
_ACTION_ARN = re.compile(r"arn:aws[a-z-]*:(?:sns|lambda):([a-z0-9-]+):(\d{12}):.+")


def refused_by_services(stack: StackTemplate) -> Iterator[Refusal]:
    """Every resource by the rule of its type, and the tags of all."""
    for resource in stack.resources.values():
        yield from _tags(resource)
        for rule in _BY_TYPE.get(resource.type, ()):
            yield from rule(resource, stack)


def _refused(resource: Resource, what: str, why: str, action: str, *about: str) -> Refusal:
    return Refusal(resource.logical_id, what, why, action, frozenset(about))


def _tags(resource: Resource) -> Iterator[Refusal]:
    """Tagging guide, "Tag naming limits and requirements"."""
    tags = resource.property("Tags")
    held = len(tags) if isinstance(tags, (list, dict)) and not is_expression(tags) else 0
    if held > _MOST_TAGS:
        yield _refused(resource, f"{held} tags", f"a resource has up to {_MOST_TAGS}", "take some of them out", "Tags")


def _function(function: Resource, _stack: StackTemplate) -> Iterator[Refusal]:
    """Lambda API, CreateFunction: a function that is no image has a handler, a runtime and code."""
    if function.property("PackageType") not in (None, "Zip"):
        return
    for name in ("Handler", "Runtime"):
        if function.property(name) is None and not _is_image(function):
            yield _refused(function, f"{name} is missing", "a function of a zip file has one", f"set {name}", name)
    if function.property("Code") == {}:
        yield _refused(function, "Code is empty", "a function has code", "say where the code is", "Code")


def _is_image(function: Resource) -> bool:
    code = function.property("Code")
    return isinstance(code, dict) and ("ImageUri" in code or is_open(code))


def _queue(queue: Resource, _stack: StackTemplate) -> Iterator[Refusal]:
    """SQS API, SetQueueAttributes: one way to encrypt, and at least one receive."""
    if truth(queue.property("SqsManagedSseEnabled")) is True and queue.property("KmsMasterKeyId") is not None:
        yield _refused(
            queue, "SqsManagedSseEnabled with KmsMasterKeyId", "a queue is encrypted in one way", "keep one of them", "SqsManagedSseEnabled"
        )
    redrive = queue.property("RedrivePolicy")
    count = known_number(redrive.get("maxReceiveCount")) if isinstance(redrive, dict) else None
    if count is not None and not 1 <= count <= 1000:
        yield _refused(queue, f"maxReceiveCount: {count:.0f}", "the service takes no such value", "allowed: 1 to 1000", "RedrivePolicy")


def _parameter(parameter: Resource, _stack: StackTemplate) -> Iterator[Refusal]:
    """Systems Manager API, PutParameter."""
    name, value, pattern = (known_text(parameter.property(one)) for one in ("Name", "Value", "AllowedPattern"))
    if name is not None and re.match(r"/?(?:aws|ssm)", name, re.IGNORECASE):
        yield _refused(parameter, f"Name: {name}", "names that begin with aws or ssm are AWS's own", "give it another name", "Name")
    if value is None:
        return
    tier = known_text(parameter.property("Tier") or "Standard")
    longest = _LONGEST_VALUE.get(tier or "", max(_LONGEST_VALUE.values()))
    size = len(value.encode())
    if size > longest:
        yield _refused(parameter, f"Value of {size:,} bytes", f"{tier} parameters hold up to {longest:,}", "shorten it", "Value")
    elif not value:
        yield _refused(parameter, "Value is empty", "a parameter has a value", "write one, or take the parameter out", "Value")
    elif pattern is not None and not _matches(pattern, value):
        yield _refused(
            parameter, f"Value: {shown(value)}", "it is not of the form that AllowedPattern says", "change Value or AllowedPattern", "Value"
        )


def _matches(pattern: str, value: str) -> bool:
    """A pattern that only Java reads refuses nothing here."""
    try:
        return re.search(pattern, value) is not None
    except re.error:
        return True


def _key_alias(alias: Resource, _stack: StackTemplate) -> Iterator[Refusal]:
    """KMS API, CreateAlias."""
    name = known_text(alias.property("AliasName"))
    if name is not None and name.startswith("alias/aws/"):
        yield _refused(alias, f"AliasName: {name}", "alias/aws/ is for AWS's own keys", "give it another name", "AliasName")


def _alarm(alarm: Resource, stack: StackTemplate) -> Iterator[Refusal]:
    """CloudWatch API, PutMetricAlarm: the action is in the alarm's region and account."""
    for name in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        for arn in members(alarm.property(name)):
            found = _ACTION_ARN.fullmatch(arn) if isinstance(arn, str) else None
            if found is None:
                continue
            region, account = found[1], found[2]
            if stack.region and region != stack.region:
                yield _refused(alarm, f"{name}: {arn}", f"it is in {region}, the alarm in {stack.region}", "name one of this region", name)
            elif stack.environment.account and account != stack.environment.account:
                yield _refused(alarm, f"{name}: {arn}", f"it is in account {account}", "name one of this account", name)


def _secret(secret: Resource, _stack: StackTemplate) -> Iterator[Refusal]:
    """CloudFormation reference, AWS::SecretsManager::Secret."""
    if secret.property("SecretString") is not None and secret.property("GenerateSecretString") is not None:
        yield _refused(
            secret, "SecretString with GenerateSecretString", "a secret is written or drawn", "keep GenerateSecretString", "SecretString"
        )


def _bucket(bucket: Resource, _stack: StackTemplate) -> Iterator[Refusal]:
    """S3 guide, "Bucket naming rules" and "Lifecycle configuration elements"."""
    name = known_text(bucket.property("BucketName"))
    if name is not None and (_is_address(name) or name.startswith(("xn--", "sthree-", "amzn-s3-demo-"))):
        yield _refused(bucket, f"BucketName: {name}", "a name is no IP address and begins with no word of S3's own", "rename", "BucketName")
    lifecycle = bucket.property("LifecycleConfiguration")
    for rule in members(lifecycle.get("Rules")) if isinstance(lifecycle, dict) and not is_open(lifecycle) else []:
        if isinstance(rule, dict) and not is_open(rule):
            for what, why in _lifecycle_problems(rule):
                yield _refused(bucket, what, why, "say when, in days of 1 and more, and only once", "LifecycleConfiguration")


def _is_address(name: str) -> bool:
    try:
        return bool(IPv4Address(name))
    except ValueError:
        return False


_LIFECYCLE_ACTIONS = (
    "AbortIncompleteMultipartUpload",
    "ExpirationDate",
    "ExpirationInDays",
    "ExpiredObjectDeleteMarker",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionExpirationInDays",
    "NoncurrentVersionTransition",
    "NoncurrentVersionTransitions",
    "Transition",
    "Transitions",
)


def _lifecycle_problems(rule: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    label = f"lifecycle rule {shown(rule['Id'])}" if rule.get("Id") is not None else "a lifecycle rule"
    if not any(name in rule for name in _LIFECYCLE_ACTIONS):
        yield f"{label} without an action", "a rule does something"
    if "ExpirationInDays" in rule and "ExpirationDate" in rule:
        yield f"{label} with ExpirationInDays and ExpirationDate", "objects expire after days or on a date"
    for name in ("ExpirationInDays", "NoncurrentVersionExpirationInDays"):
        days = known_number(rule.get(name))
        if days is not None and days < 1:
            yield f"{label} with {name} {days:.0f}", "a day is the least"


def _nested(nested: Resource, _stack: StackTemplate) -> Iterator[Refusal]:
    """CloudFormation API, CreateStack: TemplateURL is the address of an object in S3."""
    url = known_text(nested.property("TemplateURL"))
    if url is not None and not url.startswith("https://"):
        yield _refused(nested, f"TemplateURL: {shown(url)}", "it is an https address in S3", "package the template first", "TemplateURL")


def _dashboard(dashboard: Resource, _stack: StackTemplate) -> Iterator[Refusal]:
    """CloudWatch API, PutDashboard."""
    name = known_text(dashboard.property("DashboardName"))
    if name is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", name):
        yield _refused(
            dashboard, f"DashboardName: {shown(name)}", "it has other characters", "allowed: letters, digits, - and _", "DashboardName"
        )


def _subscription(subscription: Resource, _stack: StackTemplate) -> Iterator[Refusal]:
    """SNS API, Subscribe."""
    protocol, endpoint = (known_text(subscription.property(name)) for name in ("Protocol", "Endpoint"))
    if protocol in {"http", "https"} and endpoint is not None and not endpoint.startswith(f"{protocol}://"):
        yield _refused(
            subscription,
            f"Protocol {protocol} with Endpoint {shown(endpoint)}",
            f"such an address begins with {protocol}://",
            "change one of them",
            "Protocol",
            "Endpoint",
        )


def _security_group(group: Resource, _stack: StackTemplate) -> Iterator[Refusal]:
    """EC2 API, CreateSecurityGroup."""
    name = known_text(group.property("GroupName"))
    if name is not None and name.lower().startswith("sg-"):
        yield _refused(group, f"GroupName: {name}", "names that begin with sg- are ids", "give it another name", "GroupName")


_DESTINATIONS = {"cloudwatch-logs": "CloudWatchLogsDetails", "kinesis-firehose": "KinesisFirehoseDetails"}


def _log_delivery(group: Resource, _stack: StackTemplate) -> Iterator[Refusal]:
    """ElastiCache API, LogDeliveryConfigurationRequest: the details are of the destination's type."""
    for one in members(group.property("LogDeliveryConfigurations")):
        if not isinstance(one, dict) or holds_open(one.get("DestinationType")):
            continue
        details, wanted = one.get("DestinationDetails"), _DESTINATIONS.get(str(one.get("DestinationType")))
        if wanted is not None and isinstance(details, dict) and not is_open(details) and wanted not in details:
            yield _refused(
                group,
                f"DestinationType {one['DestinationType']} with {', '.join(map(str, details)) or 'no details'}",
                f"such a destination has {wanted}",
                f"write {wanted}, or change DestinationType",
                "LogDeliveryConfigurations",
            )


_BY_TYPE: Mapping[str, tuple[_Rule, ...]] = {
    STACK: (_nested,),
    REPLICATION_GROUP: (_log_delivery,),
    "AWS::CloudWatch::Alarm": (_alarm,),
    "AWS::CloudWatch::CompositeAlarm": (_alarm,),
    "AWS::CloudWatch::Dashboard": (_dashboard,),
    "AWS::EC2::SecurityGroup": (_security_group,),
    "AWS::ElastiCache::CacheCluster": (_log_delivery,),
    "AWS::KMS::Alias": (_key_alias,),
    "AWS::Lambda::Function": (_function,),
    "AWS::S3::Bucket": (_bucket,),
    "AWS::SNS::Subscription": (_subscription,),
    "AWS::SQS::Queue": (_queue,),
    "AWS::SSM::Parameter": (_parameter,),
    "AWS::SecretsManager::Secret": (_secret,),
}
