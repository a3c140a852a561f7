"""Keys and secrets: what they protect can no longer be read, or is protected less. Facts: the KMS and Secrets Manager guides."""

from __future__ import annotations

from uplift.review.rules.judgement import Judge, amount, behaviour, harmless, outage, parts, presence, protection, security, switch

# "What a disabled key encrypted cannot be decrypted" until it is enabled again (KMS guide, "Enable and disable keys").
_UNREADABLE = outage(
    "Whatever it encrypts can no longer be read, nor anything be written: secrets, reports and notifications.", "keep it enabled"
)
KEY: dict[str, Judge] = {
    "EnableKeyRotation": switch(
        off=protection("Its material is no longer renewed each year."),
        on=harmless("Its material is renewed; what is encrypted stays readable."),
    ),
    "RotationPeriodInDays": amount(less=harmless("It is renewed more often."), more=protection("It is renewed more seldom."), default=365),
    "PendingWindowInDays": amount(
        less=protection("A deletion by mistake is to be noticed sooner."), more=harmless("A deletion can be taken back longer."), default=30
    ),
    "Enabled": switch(off=_UNREADABLE, on=behaviour("What it encrypts can be read again."), default=True),
    "BypassPolicyLockoutSafetyCheck": switch(off=harmless(), on=protection("A policy may shut everybody out, for good."), default=False),
}
ALIAS: dict[str, Judge] = {
    # Decryption finds its key by itself; encryption takes the alias's (KMS guide, "Use aliases in your applications").
    "TargetKeyId": presence(removed=behaviour(), added=behaviour(), changed=behaviour("Whoever encrypts by this alias uses another key.")),
}
_ROTATION = parts(
    {
        "AutomaticallyAfterDays": amount(
            less=behaviour("The token is rotated more often."), more=protection("The token lives longer."), inner="AutomaticallyAfterDays"
        )
    },
    behaviour("The token is rotated at another time."),
)
SECRET: dict[str, Judge] = {
    "KmsKeyId": presence(
        removed=security("No key of ours decides any more who may read it."),
        added=outage("Whoever reads it needs that key as well: a reader without it is refused.", "see that every reader may use the key"),
        changed=outage("Whoever reads it needs the other key: a reader without it is refused.", "see that every reader may use the key"),
    ),
    "ReplicaRegions": presence(
        removed=protection("No copy is in another region any more."),
        added=security("It can be read in another region as well."),
        changed=behaviour(),
    ),
}
ROTATION: dict[str, Judge] = {
    "RotationRules": _ROTATION,
    # What it does once it is on is said by rules/rotation.py.
    "RotateImmediatelyOnUpdate": switch(
        off=behaviour("It is rotated at its next date."), on=behaviour("It is rotated at once."), default=True
    ),
}
RESOURCE_POLICY: dict[str, Judge] = {
    "BlockPublicPolicy": switch(off=security("A policy for everybody is no longer refused."), on=harmless()),
}
BY_TYPE: dict[str, dict[str, Judge]] = {
    "AWS::KMS::Key": KEY,
    "AWS::KMS::ReplicaKey": {name: KEY[name] for name in ("PendingWindowInDays", "Enabled")},
    "AWS::KMS::Alias": ALIAS,
    "AWS::SecretsManager::Secret": SECRET,
    "AWS::SecretsManager::RotationSchedule": ROTATION,
    "AWS::SecretsManager::ResourcePolicy": RESOURCE_POLICY,
}
