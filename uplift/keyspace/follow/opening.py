"""Before a follow: refuse what must be refused, prove every subscription, listen to the source, copy, and listen to the targets."""

from __future__ import annotations

from dataclasses import dataclass

from uplift.errors import BadInput
from uplift.keyspace.follow.first_copy import FirstCopy
from uplift.keyspace.follow.followed_names import FollowedNames, OnHandedOver
from uplift.keyspace.follow.following import Following, Sources
from uplift.keyspace.follow.phase import Phase
from uplift.keyspace.follow.record import Record
from uplift.keyspace.follow.round import StopPoint
from uplift.keyspace.follow.run_events import EventKind, EventLog
from uplift.keyspace.follow.starting import FollowRequest, Scene, look_at_servers, prove_all_events
from uplift.keyspace.follow.streams import MOST_TOUCH_BYTES
from uplift.keyspace.follow.watch import Watch
from uplift.keyspace.server.events import Event, Note


@dataclass(frozen=True, slots=True)
class Opened:
    """What there is once a follow may begin: what was found, the names that are followed, and the source that is listened to."""

    scene: Scene
    names: FollowedNames
    sources: Sources


class Opening:
    """Of one run. `opened` is None until it may begin; `copy` is the one under way."""

    def __init__(
        self,
        request: FollowRequest,
        record: Record,
        log: EventLog,
        watch: Watch,
        stop_point: StopPoint,
        on_handed_over: OnHandedOver | None = None,
    ) -> None:
        self.opened: Opened | None = None
        self.copy: FirstCopy | None = None
        self._request, self._record, self._log, self._watch, self._stop_point = request, record, log, watch, stop_point
        self._on_handed_over = on_handed_over

    def step(self, wait_seconds: float) -> Following | None:
        """One bounded piece of work; the follow, once the targets are listened to. Raises the errors of uplift/errors.py."""
        opened = self.opened
        if opened is None:
            self._begin()
            return None
        if self.copy is not None and not self._is_copied(self.copy, opened.sources, wait_seconds):
            return None
        return self._follow(opened)

    def _listen(self, event: Event) -> None:
        if isinstance(event, Note):
            self._log.tell(EventKind.WARNING if event.is_warning else EventKind.NOTE, event.text)

    def _begin(self) -> None:
        """Refuse what must be refused, prove every subscription, and listen to the source."""
        request, record = self._request, self._record
        state = record.state
        if state.was_ended:
            # What was written on either side since has no order: one way it would all be overwritten.
            raise BadInput(f"--state {record.folder.path}: `uplift follow stop` ended the follow in it, allowed: a new or empty directory")
        scene = look_at_servers(request, state, record.labels, self._listen)
        for database in scene.databases:
            state.of_database(database)
        record.decide()
        for unproven in prove_all_events(request, scene.databases, record.owner):
            self._log.tell(EventKind.NOTE, unproven)
        names = FollowedNames(scene.router, record.labels, self._on_handed_over)
        self.opened = Opened(scene, names, Sources(request, scene, names, state))
        if not request.stands_by and not state.is_copied:
            self.copy = FirstCopy(request, scene.databases, record.folder.copy_path)
            self._watch.enter(Phase.COPYING)

    def _is_copied(self, copy: FirstCopy, sources: Sources, wait_seconds: float) -> bool:
        sources.drain(wait_seconds, MOST_TOUCH_BYTES)
        copied = copy.result()
        for note in copy.take_notes():
            self._listen(note)
        if copied is None:
            return False
        self.stop_copy()
        self._record.state.is_copied = True
        self._record.decide()
        self._log.tell(EventKind.COPIED, f"{copied:,} keys copied")
        return True

    def _follow(self, opened: Opened) -> Following:
        """Listen to the targets as well: what the copy wrote there is not told."""
        record = self._record
        return Following(
            self._request, opened.scene, opened.names, record.state, record.folder, record.owner, opened.sources, self._stop_point
        )

    def stop_copy(self) -> None:
        """End it at its next commit."""
        if self.copy is not None:
            self.copy.stop()
            self.copy = None

    def close(self) -> None:
        """Listen to the source no longer."""
        if self.opened is not None:
            self.opened.sources.close()
