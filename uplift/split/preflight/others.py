"""Notes of who else is connected."""

from __future__ import annotations

from uplift.split.evidence.clients import Client
from uplift.split.preflight.check import LEGACY, Check, Verdict

_MOST_SHOWN = 5


def check_clients(server: str, clients: tuple[Client, ...]) -> list[Check]:
    """On legacy everybody is expected; who is on a target before go would be a foreign writer."""
    if not clients:
        return [Check("clients", Verdict.FINE, f"{server}: nobody else is connected")]
    shown = "; ".join(map(str, clients[:_MOST_SHOWN]))
    more = f"; and {len(clients) - _MOST_SHOWN:,} more" if len(clients) > _MOST_SHOWN else ""
    if server == LEGACY:
        return [Check("clients", Verdict.FINE, f"{len(clients):,} clients are on legacy: {shown}{more}")]
    what = "who writes there before go is named and go is refused; allow exporters by --allow-client"
    return [Check("clients", Verdict.WARNING, f"{len(clients):,} clients are on {server} already: {shown}{more}: {what}")]
