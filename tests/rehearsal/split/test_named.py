"""What the engines named is told apart from what is lost in silence."""

from __future__ import annotations

from rehearsal.split.named import named_by
from uplift.keyspace.keymap.key_label import KeyLabels

KEY, OTHER = b"users_b:one", b"users_b:two"


def test_a_key_is_known_again_by_the_label_that_an_engine_gave_it() -> None:
    secret = bytes(range(16))
    named = named_by([{"secret": secret.hex(), "named": {KeyLabels(secret).label(KEY): "why"}}, {"secret": "00" * 16}])
    assert (KEY in named, OTHER in named) == (True, False)


def test_a_label_of_one_engine_is_none_of_another_with_another_secret() -> None:
    first, second = bytes(16), bytes(range(16))
    label = KeyLabels(first).label(KEY)
    assert KEY not in named_by([{"secret": second.hex(), "named": {label: "why"}}])
    assert KEY in named_by([{"secret": second.hex(), "named": {}}, {"secret": first.hex(), "named": {label: "why"}}])
