"""What a run keeps in its state directory: read once at the start, written at every decision, and about once a second."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from uplift.errors import NotWritten
from uplift.keyspace.follow.decision import Policy
from uplift.keyspace.follow.disk import Disk
from uplift.keyspace.follow.follow_seed import FollowSeed, caught_up, seeded
from uplift.keyspace.follow.following import Following
from uplift.keyspace.follow.key_state import Side
from uplift.keyspace.follow.live_settings import LiveSetting, SettingName, at, set_to
from uplift.keyspace.follow.named_keys import NamedKeys
from uplift.keyspace.follow.own_keys_there import owner_name
from uplift.keyspace.follow.starting import FollowRequest, fresh_state
from uplift.keyspace.follow.state_file import FollowState, authority_of, state_text
from uplift.keyspace.follow.state_folder import StateFolder, refuse_another
from uplift.keyspace.follow.status import Status, status_as_json
from uplift.keyspace.keymap.key_label import KeyLabels
from uplift.keyspace.keymap.known_words import words_of
from uplift.state_directory import DirectoryLock, write_whole


class Record:
    """Holds the directory's lock. `is_resumed`: an engine of this directory led the run before. `not_written`: why it could not be written
    lately, where what is in it may be lost; else that is raised.
    """

    def __init__(self, request: FollowRequest, path: Path, seed: FollowSeed | None = None) -> None:
        """`seed`: the run it belongs to. Raises BadInput for a directory that is in use, or of another follow or run; NotWritten."""
        self.folder = StateFolder(path)
        self.folder.make()
        self._lock: DirectoryLock = self.folder.lock()
        try:
            earlier, fresh = self.folder.read_state(), fresh_state(request)
            if earlier is not None:
                refuse_another(earlier, fresh, path)
            if seed is not None:
                earlier, fresh = self._seeded(earlier, fresh, seed)
        except BaseException:
            self._lock.release()
            raise
        self.state: FollowState = earlier or fresh
        self._disk = Disk()
        self._may_be_lost = seed is not None
        self.not_written: str | None = None
        self.engine = secrets.token_hex(4)
        self.is_resumed = earlier is not None and earlier.has_led
        self.labels = KeyLabels(bytes.fromhex(self.state.secret), words_of(request.keymap))
        self.named = NamedKeys(self.labels, self.state.named, self.state.named_by_reason)
        self._take_options(request)

    def _seeded(self, earlier: FollowState | None, fresh: FollowState, seed: FollowSeed) -> tuple[FollowState | None, FollowState]:
        """What an earlier engine of the directory wrote down, and what a new directory begins with; the one that counts is on the disk."""
        if earlier is not None:
            caught_up(earlier, seed, self.folder.path)
        else:
            fresh = seeded(fresh, seed)
        self.folder.write_state(earlier or fresh)
        return earlier, fresh

    def leads(self) -> None:
        """This engine leads the run, or is about to. Raises NotWritten."""
        self.state.has_led, self.state.led_as = True, self.engine
        self.decide()

    def _take_options(self, request: FollowRequest) -> None:
        if request.authority is not None:
            self.state.authority = authority_of(request.authority)
        if request.source_latency is not None:
            self.state.settings[SettingName.SOURCE_LATENCY] = LiveSetting(request.source_latency)

    @property
    def owner(self) -> str:
        """A name no other engine has."""
        return owner_name(self.state.run, self.engine)

    @property
    def policy(self) -> Policy:
        """As decided so far."""
        return Policy(self.state.is_two_way, self.state.authority_side)

    def decide(self) -> None:
        """Something was decided: it is on the disk before it is done. Raises NotWritten."""
        self.state.revision += 1
        self._write(partial(write_whole, self.folder.state_path, state_text(self.state), is_durable=True))

    def take_policy(self, policy: Policy) -> bool:
        """What the engine that writes told; whether that was news."""
        if policy == self.policy:
            return False
        self.state.is_two_way, self.state.authority = policy.two_way, authority_of(Side(policy.authority))
        self.decide()
        return True

    def set(self, name: SettingName, value: float, seconds: float | None) -> None:
        """Another value, for good or for a while."""
        until = None if seconds is None else time.time() + seconds
        self.state.settings[name] = set_to(self.state.settings[name], value, until)
        self.decide()

    def settings(self) -> dict[SettingName, LiveSetting]:
        """As they are now; those whose time is over are back."""
        now = time.time()
        current = {name: at(setting, now) for name, setting in self.state.settings.items()}
        if current != self.state.settings:
            self.state.settings = current
            self.decide()
        return current

    def save(self, following: Following | None, *, is_last: bool = False) -> None:
        """How far it is; soon, or where it is the last time at once. Raises NotWritten, where it is soon of the time before."""
        state = self.state
        for database in following.databases if following is not None else []:
            known = state.of_database(database.number)
            known.round = max(known.round, database.round)
            known.complete_since = database.member.streams.pasts.complete_since
        state.named, state.named_by_reason = dict(self.named.labels), dict(self.named.by_reason)
        write = partial(write_whole, self.folder.state_path, state_text(state), is_durable=is_last)
        if is_last:
            self._write(write)
        else:
            self._write(write, soon="state")

    def write_status(self, status: Status, *, at_once: bool = False) -> None:
        """For whoever asks; soon, or at once. Raises NotWritten, where it is soon of the time before."""
        write = partial(write_whole, self.folder.status_path, status_as_json(status))
        if at_once:
            self._write(write)
        else:
            self._write(write, soon="status")

    def _write(self, write: Callable[[], None], *, soon: str | None = None) -> None:
        """At once, or where it has a name, soon. Where the run's memory is elsewhere, a disk that is full ends nothing."""
        try:
            if soon is None:
                self._disk.do(write)
            else:
                self._disk.do_soon(soon, write)
        except NotWritten as problem:
            if not self._may_be_lost:
                raise
            self.not_written = str(problem)
            return
        self.not_written = None

    def close(self) -> None:
        """Wait for what is being written, and let go of the directory. Safe to call twice."""
        self._disk.close()
        self._lock.release()
