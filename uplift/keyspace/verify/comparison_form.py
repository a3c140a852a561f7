"""In which form a verification reads values: by DUMP where equal bytes may be expected of equal values, else by value."""

from __future__ import annotations

from enum import Enum, auto

from uplift.keyspace.server.facts import ServerFacts

_LISTPACKS_SINCE = (7, 0)


class ComparisonForm(Enum):
    """VALUE: each type by its own command. COMPACT: collections in a compact encoding by their DUMP."""

    VALUE = auto()
    COMPACT = auto()


def comparison_form(source: ServerFacts, targets: list[ServerFacts]) -> ComparisonForm:
    """COMPACT where all servers write compact encodings alike: all Redis below 7.0 (ziplists), or all of one engine and minor version.

    Never where the fields of a hash may expire: DUMP is not the form to compare these times in. A wrong choice would cost time, no
    verdict: values whose DUMPs differ are compared by value.
    """
    every = [source, *targets]
    if any(facts.fields_may_expire for facts in every):
        return ComparisonForm.VALUE
    if all(not facts.is_valkey and facts.compatible_version < _LISTPACKS_SINCE for facts in every):
        return ComparisonForm.COMPACT
    alike = len({(facts.is_valkey, *facts.version.split(".")[:2]) for facts in every}) == 1
    return ComparisonForm.COMPACT if alike else ComparisonForm.VALUE
