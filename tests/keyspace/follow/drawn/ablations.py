"""Parts of the protocol, each taken away by its name: a test that does not notice it would not notice its loss either."""

from __future__ import annotations

from collections.abc import Callable

ABLATIONS: dict[str, Callable[[], None]] = {}
