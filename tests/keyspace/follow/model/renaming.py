"""A state with other numbers in it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.keyspace.follow.model.state import (
    DEAD,
    Answer,
    Apply,
    Base,
    Command,
    End,
    Engine,
    Event,
    Gap,
    Held,
    Marker,
    Message,
    Raise,
    Server,
    State,
    View,
)


@dataclass(frozen=True, slots=True)
class Renaming:
    """New numbers for rounds, values, lives and epochs."""

    rounds: dict[int, int]
    values: dict[int, int]
    lives: dict[int, int]
    epochs: dict[int, int]

    def of(self, state: State) -> State:
        """The state under the new numbers."""
        if self._is_the_same():
            return state
        written = state.record.written
        record = state.record._replace(
            equal=self.values[state.record.equal],
            written=(tuple(self.values[value] for value in written[0]), tuple(self.values[value] for value in written[1])),
        )
        orphans = state.orphans
        if orphans != ((), ()):
            moved = [tuple(tuple(self._command(each) for each in commands) for commands in side) for side in orphans]
            orphans = (moved[0], moved[1])
        return State(
            (self._server(state.servers[0]), self._server(state.servers[1])),
            tuple(engine if engine.role == DEAD else self._engine(engine) for engine in state.engines),
            orphans,
            record,
            state.left,
        )

    def _is_the_same(self) -> bool:
        return all(old == new for names in (self.rounds, self.values, self.lives, self.epochs) for old, new in names.items())

    def _server(self, server: Server) -> Server:
        lease = None if server.lease is None else (self.epochs[server.lease[0]], server.lease[1])
        return Server(self._held(server.held), lease, self._held(server.older))

    def _held(self, held: Held | None) -> Held | None:
        return None if held is None else Held(self.values[held.value], self.lives[held.life])

    def _base(self, base: Base | None) -> Base | None:
        return None if base is None else self._known(base)

    def _known(self, base: Base) -> Base:
        return Base(self._held(base.source), self._held(base.target), self.rounds[base.round])

    def _gap(self, gap: Gap | None) -> Gap | None:
        return None if gap is None else Gap(self.rounds[gap.first], self.rounds[gap.last], gap.is_failover)

    def _marker(self, marker: Marker) -> Marker:
        return Marker(
            marker.owner,
            self.rounds[marker.round],
            self.rounds[marker.oldest],
            self._gap(marker.gap),
            self._gap(marker.reset),
            self._base(marker.base_update),
        )

    def _command(self, command: Command) -> Command:
        if isinstance(command, Apply):
            return command._replace(epoch=self.epochs[command.epoch], expected=self._held(command.expected), base=self._known(command.base))
        return command._replace(marker=self._marker(command.marker))

    def _message(self, message: Message) -> Message:
        if isinstance(message, Event):
            return message
        if isinstance(message, Marker):
            return self._marker(message)
        if isinstance(message, End):
            return message._replace(base=self._known(message.base))
        return Raise(self.epochs[message.epoch], message.owner, message.was_missing)

    def _view(self, view: View) -> View:
        rounds = self.rounds
        touches = list(view.touches)
        for at in range(0, len(touches), 5):
            touches[at + 2], touches[at + 4] = rounds[touches[at + 2]], rounds[touches[at + 4]]
        return View(
            view.is_on,
            tuple(self._message(message) for message in view.queue),
            tuple(touches),
            view.position,
            rounds[view.round],
            tuple((rounds[round_], position) for round_, position in view.marks),
            tuple(rounds[round_] for round_ in view.awaited),
            self._gap(view.gap),
            self._gap(view.reset),
            rounds[view.since],
            view.awaits_raise,
        )

    def _engine(self, engine: Engine) -> Engine:
        under_way = engine.under_way
        if under_way is not None and any(answer is not None and answer.held is not None for answer in under_way.answers):
            answers = [None if answer is None else Answer(self._held(answer.held)) for answer in under_way.answers]
            under_way = under_way._replace(answers=(answers[0], answers[1]))
        source, target = engine.commands
        return engine._replace(
            epoch=self.epochs[engine.epoch],
            round=self.rounds[engine.round],
            under_way=under_way,
            base=self._base(engine.base),
            unanswered=(self._held(engine.unanswered[0]), self._held(engine.unanswered[1])),
            base_update=self._base(engine.base_update),
            views=(self._view(engine.views[0]), self._view(engine.views[1])),
            commands=(tuple(self._command(each) for each in source), tuple(self._command(each) for each in target)),
        )
