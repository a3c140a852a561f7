"""The directory as the place where a split keeps its state."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.split.store_contract import RECORD, StoreContract, asked
from uplift.errors import BadInput
from uplift.split.store.directory_store import DirectoryStore, SplitFolder
from uplift.split.store.store import SplitStore, StoreUnreachable


class TestDirectoryStore(StoreContract):
    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path) -> None:
        self.folder = SplitFolder(tmp_path / "state")
        self.folder.make()

    def opened(self) -> SplitStore:
        return DirectoryStore(self.folder)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"stage": "sideways"}, "split.json: stage: Input should be 'old', 'new', 'back'"),
            ({"schema": "uplift.split.state/9"}, "schema 'uplift.split.state/9', allowed: uplift.split.state/1"),
            ({"surprise": 1}, "split.json: surprise: Extra inputs are not permitted"),
        ],
    )
    def test_a_record_that_cannot_be_read_names_file_and_field(self, change: dict[str, object], message: str) -> None:
        self.folder.state_path.write_text(json.dumps({**json.loads(RECORD.text), **change}))
        with pytest.raises(BadInput) as raised:
            self.opened().read()
        assert message in str(raised.value)

    def test_a_file_that_cannot_be_read_is_no_answer(self) -> None:
        self.folder.state_path.mkdir()
        with pytest.raises(StoreUnreachable, match=r"split\.json"):
            self.opened().read()

    def test_a_request_in_other_words_is_gone(self) -> None:
        self.folder.command_path.write_text('{"wish": "fly"}')
        assert self.opened().asked() is None
        self.opened().ask(asked())

    def test_what_it_keeps_is_for_its_owner_alone(self) -> None:
        store = self.opened()
        store.write(RECORD.changed())
        store.write_status("x")
        assert {path.stat().st_mode & 0o077 for path in self.folder.path.rglob("*")} == {0}
