"""Makes what a copy has done so far certain, and counts it: what a cursor may be written down behind."""

from __future__ import annotations

from uplift.errors import NotSafe
from uplift.keyspace.copy.appeared import AppearedKeys, Different, KeptKey
from uplift.keyspace.copy.state import CopyState
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.server.facts import read_facts_of_all
from uplift.keyspace.server.key_transfer import KeyTransfer
from uplift.keyspace.server.server_checks import lost_primary
from uplift.keyspace.server.source_and_targets import Servers
from uplift.keyspace.server.target import Existing

_WAIT_MILLISECONDS = 500
_MOST_NOT_COPIED = 10_000
_STRANGERS = (
    "a key of this name is on the target with another value, and was left alone: somebody wrote it after the look at names, or the source "
    "changed it while the copy was broken off; `uplift verify --repair` replaces it"
)


class Checkpoint:
    """The checkpoints of one database. Counts go to `state`, which the caller writes down.

    `after_break`: what is read again until the first checkpoint may have been written before a break.
    """

    def __init__(
        self,
        servers: Servers,
        existing: Existing,
        state: CopyState,
        labels: KeyLabels,
        transfer: KeyTransfer,
        appeared: AppearedKeys,
        *,
        after_break: bool,
    ) -> None:
        self._servers, self._existing, self._state, self._labels = servers, existing, state, labels
        self._transfer, self._appeared, self._after_break = transfer, appeared, after_break
        # Since the run began, not since this process did: what was evicted between a crash and now is lost too.
        self._evicted = [side.evicted_before for side in state.targets]

    def make_certain(self) -> None:
        """Wait for every answer, bring the big keys, look at what was kept, and at the servers.

        Raises what KeyTransfer.settle raises, and NotSafe where a target evicted keys or the source lost its primary.
        """
        self._transfer.settle()
        left = self._left_alone()
        for target in self._servers.targets:
            target.wait_for_replicas(_WAIT_MILLISECONDS)
        self._check_servers()
        # From here on nothing can break: what was counted is committed.
        self._after_break = self._state.may_be_ours
        self._add_counts()
        if self._existing is Existing.SKIP:
            self._state.counts.kept_existing += len(left)
        else:
            for one in left:
                self._note_not_copied(one.key, _STRANGERS)

    def _left_alone(self) -> list[KeptKey]:
        """Keys that were on their target and stay as they are: with --skip-existing all, otherwise those with another value.

        Those that this run wrote, and died before it made their TTL exact, are written over.
        """
        kept = self._appeared.take()
        different = self._appeared.compare(kept) if self._after_break or self._existing is not Existing.SKIP else Different([], [], [])
        late = different.late if self._after_break else []
        if self._existing is not Existing.SKIP:
            left, ours = different.value, list({(one.target, one.name): one for one in (*different.ttl, *late)}.values())
        else:
            ours = late
            names = {(one.target, one.name) for one in ours}
            left = [one for one in kept if (one.target, one.name) not in names]
        for one in (*left, *ours):
            self._transfer.writer.written.copied[one.rule.index] -= 1
        if ours:
            self._write_again([one.key for one in ours])
        return left

    def _write_again(self, keys: list[bytes]) -> None:
        writer = self._transfer.writer
        read, writer.exclusive = writer.written.read, False
        self._transfer.bring(keys)
        self._transfer.settle()
        writer.written.read = read

    def _note_not_copied(self, key: bytes, reason: str) -> None:
        if len(self._state.not_copied) >= _MOST_NOT_COPIED:
            raise NotSafe(f"more than {_MOST_NOT_COPIED:,} keys could not be copied, the last because {reason}")
        self._state.not_copied[self._labels.label(key)] = reason

    def _add_counts(self) -> None:
        counts, written, big = self._state.counts, self._transfer.writer.take_written(), self._transfer.take_big_counts()
        counts.read += written.read
        counts.bytes += written.value_bytes
        counts.expired_or_deleted += written.expired_or_deleted
        counts.big += big.copied
        for rule in self._servers.router.rules:
            if written.copied[rule.index]:
                counts.copied[rule.name] = counts.copied.get(rule.name, 0) + written.copied[rule.index]
        for key, reason in big.not_copied.items():
            self._note_not_copied(key, reason)
        for key, size in big.held.items():
            self._state.held[self._labels.label(key)] = size

    def _check_servers(self) -> None:
        """Look at all of them in one round trip. A replica that loses its primary goes on answering, with data that gets older."""
        targets, is_replica = self._servers.targets, self._servers.facts.role != "master"
        asked = [target.connection for target in targets] + ([self._servers.source] if is_replica else [])
        found = read_facts_of_all(asked)
        for target, facts, before in zip(targets, found, self._evicted, strict=False):
            if facts.evicted_keys > before:
                raise NotSafe(
                    f"{target.name} evicted {facts.evicted_keys - before} keys while it was written (evicted_keys grew): it is too small, "
                    "and what is there now is not complete. Start over on a larger node, or with maxmemory-policy noeviction"
                )
        if is_replica and (reason := lost_primary(found[-1])):
            raise NotSafe(f"{reason}; the same command goes on from the last commit")
