"""Temporary."""


def same_value(one: bytes, other: bytes, *, is_string: bool) -> bool:
    return one == other if is_string else one[:-10] == other[:-10]
