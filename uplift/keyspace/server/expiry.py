"""When a key expires, and the rules of clocks: one place for what PTTL means and for what is too late to write.

Times are ms since 1970 of the source's clock. Hot loops work on bare PTTLs and ask the same questions inline.
"""

from __future__ import annotations

from dataclasses import dataclass

NO_TTL = -1
"""What PTTL answers for a key that never expires."""
NO_SUCH_KEY = -2
"""What PTTL answers for a key that is not there."""
LATEST = 2**63 - 1
"""The latest time a server can hold; it counts in signed 64-bit ms. A script reads one above 2^53 as a double: to about a second."""
LONGEST_RELATIVE = 2**53
"""A TTL a server can add to its clock without passing LATEST; one that is longer is written as a time afterwards."""
READINGS_DIFFER_MILLISECONDS = 15
"""How far apart two readings of the difference of two TTLs can be: 5 ms and a rounded one for each side (lua/read_ttls.lua), each time."""
_DOUBLES_DIFFER_MILLISECONDS = 2_048


@dataclass(frozen=True, slots=True)
class Expiry:
    """When one key expires: `at` in ms, None for never; `read_at` is the source's clock when that was read."""

    at: int | None
    read_at: int

    def is_over(self, clock_ahead: float) -> bool:
        """Whether the key has expired: here (a PTTL of 0 ms), or by the clock of a target that is `clock_ahead` ms ahead."""
        return self.at is not None and self.at - self.read_at <= max(0.0, clock_ahead)


def expiry_of(ttl: int, now: int) -> Expiry | None:
    """From a PTTL and the TIME it belongs to, both in ms; None for a key that is not there."""
    if ttl == NO_SUCH_KEY:
        return None
    return Expiry(None if ttl == NO_TTL else min(LATEST, now + ttl), now)


def later_by(one: int, other: int) -> int:
    """How much later one key expires than another, in ms; 0 where both times are so late that they cannot be read to the ms."""
    apart = one - other
    return 0 if min(one, other) > LONGEST_RELATIVE and abs(apart) <= _DOUBLES_DIFFER_MILLISECONDS else apart
