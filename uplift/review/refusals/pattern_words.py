"""What a pattern or a named format of a schema allows, in words: nobody has to read a regular expression."""

from __future__ import annotations

import re

_FORMATS = {
    "AWS::EC2::SecurityGroup.Id": "a security group's id such as sg-0123456789abcdef0",
    "AWS::EC2::SecurityGroup.Name": "letters, digits, spaces and . _ - : / ( ) # , @ [ ] + = & ; { } ! $ *, not beginning with sg-",
    "AWS::EC2::Subnet.Id": "a subnet's id such as subnet-0123456789abcdef0",
    "AWS::EC2::VPC.Id": "a VPC's id such as vpc-0123456789abcdef0",
    "AWS::EC2::Image.Id": "an image's id such as ami-0123456789abcdef0",
    "AWS::Logs::LogGroup.Name": "letters, digits and . - _ / #, up to 512 characters",
    "AWS::IAM::Role.Arn": "a role's ARN such as arn:aws-us-gov:iam::333333333333:role/name",
    "AWS::KMS::Key.Arn": "a key's ARN such as arn:aws-us-gov:kms:us-gov-west-1:333333333333:key/id",
    "AWS::KMS::Key.Id": "a key's id, its ARN, or an alias such as alias/name",
    "AWS::KMS::Alias.Name": "alias/ and a name of letters, digits and / _ -",
    "AWS::SNS::Topic.Arn": "a topic's ARN such as arn:aws-us-gov:sns:us-gov-west-1:333333333333:name",
    "AWS::Lambda::Function.Arn": "a function's ARN such as arn:aws-us-gov:lambda:us-gov-west-1:333333333333:function:name",
    "AWS::S3::Bucket.Name": "3 to 63 small letters, digits, dots and dashes, beginning and ending with a letter or digit",
    "ipv4-network": "a network such as 10.0.0.0/16, whose address has no bits set behind its length",
    "ipv6-network": "a network such as 2001:db8::/32",
    "date-time": "a time such as 2026-12-12T21:00:00Z",
}
_CLASS = re.compile(r"\^?\(?\[((?:\\.|[^\]\\])+)\](\*|\+|\{(\d+)(?:,(\d*))?\})\)?(?:\$|\\Z)?")
_SPANS = (("a-z", "small letters"), ("A-Z", "capital letters"), ("0-9", "digits"), ("\\d", "digits"), ("\\w", "letters, digits and _"))


def allowed_by_format(name: str, kind: str, place: str) -> str:
    """A named format of cfn-lint."""
    return _FORMATS.get(name, _see(kind, place))


def allowed_by_pattern(pattern: str, kind: str, place: str) -> str:
    """A pattern: its characters and length where it is one class, an example where it begins an ARN or an id, else where to read it."""
    bare = pattern.lstrip("^(")
    if bare.startswith("arn:"):
        service = re.match(r"arn:[^:]*:([a-z0-9-]+):", bare.replace("(aws[a-zA-Z-]*)?", "aws").replace("(-[^:]+)?", ""))
        return f"an ARN of {service[1]}, such as arn:aws-us-gov:{service[1]}:…" if service else "an ARN, such as arn:aws-us-gov:…"
    beginning = re.match(r"([a-z]+)-[\[(]", bare)
    if beginning:
        return f"an id such as {beginning[1]}-0123456789abcdef0"
    if pattern == r"^[^\s]+$":
        return "a text without spaces"
    if pattern.startswith("^(?!aws:)"):
        return "a key that does not begin with aws:"
    one_class = _CLASS.fullmatch(pattern)
    return _class_words(one_class) if one_class else _see(kind, place)


def _class_words(match: re.Match[str]) -> str:
    rest, words = match[1], []
    for span, name in _SPANS:
        if span in rest:
            rest = rest.replace(span, "")
            words.append(name)
    if {"small letters", "capital letters"} <= set(words):
        words = ["letters", *(word for word in words if not word.endswith("letters"))]
    others = " ".join(dict.fromkeys(character for character in rest.replace("\\s", " ").replace("\\", "") if not character.isspace()))
    if " " in rest or "\\s" in rest:
        words.append("spaces")
    listed = ", ".join(words)
    characters = f"{listed} and {others}" if listed and others else listed or others
    if match[3] is None:
        return characters
    least, most = match[3], match[4]
    if most is None:
        return f"{least} of {characters}"
    return f"{least} to {most} of {characters}" if most else f"{least} or more of {characters}"


def _see(kind: str, place: str) -> str:
    return f"what CloudFormation's reference says of {place} of {kind}" if place else f"what CloudFormation's reference says of {kind}"
