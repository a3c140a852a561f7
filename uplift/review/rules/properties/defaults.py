"""What AWS takes where nothing is said: writing it out changes nothing. Facts: the API reference of each service."""

from __future__ import annotations

from collections.abc import Mapping

from uplift.review.templates.differences import Change
from uplift.review.templates.known_values import at
from uplift.review.templates.same_values import is_equal
from uplift.review.templates.template import Value

_DEFAULTS: Mapping[str, Mapping[str, Value]] = {
    "AWS::DynamoDB::Table": {"BillingMode": "PROVISIONED", "TableClass": "STANDARD"},
    "AWS::KMS::Key": {"KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT", "MultiRegion": False, "Origin": "AWS_KMS"},
    "AWS::Lambda::Function": {
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "MemorySize": 128,
        "PackageType": "Zip",
        "Timeout": 3,
    },
    "AWS::Logs::LogGroup": {"LogGroupClass": "STANDARD"},
    "AWS::SNS::Subscription": {"FilterPolicyScope": "MessageAttributes", "RawMessageDelivery": False},
    "AWS::SQS::Queue": {"DelaySeconds": 0, "VisibilityTimeout": 30, "ReceiveMessageWaitTimeSeconds": 0, "MaximumMessageSize": 1_048_576},
    "AWS::SSM::Parameter": {"Tier": "Standard"},
    "AWS::StepFunctions::StateMachine": {"StateMachineType": "STANDARD"},
}


def is_default_either_way(change: Change, name: str) -> bool:
    """Whether a property says on one side what AWS takes on the other, where nothing is said."""
    default = _DEFAULTS.get(change.type, {}).get(name)
    before, after = (at(side, name) for side in (change.before, change.after))
    if default is None or (before is None) == (after is None):
        return False
    return is_equal(default, after if before is None else before)
