"""The base: for each followed key what both sides held when they were last equal.

One table of records, found by a hash of the key that is keyed with a secret of the file: names of keys hold session tokens, and are never
in it. Pages of 4,096 bytes are the leaves of extendible hashing: the first bits of a key's identity say which page it is on, a page that is
full is divided in two, and nothing else moves. So the table grows in steps of microseconds, where one that is rebuilt as a whole stops its
process for longer than a standby waits. A record that is removed leaves a free place and no tombstone, as there is no probing.

What a process leaves behind when it is killed at any instruction: of a record that was there, its older state, its newer one, or doubt. The
byte that makes a record, or a page, valid is written last and taken away first.
"""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from uplift.keyspace.follow.base_file import PAGE_BYTES, BaseFile, open_base_file
from uplift.keyspace.follow.base_pages import (
    DOUBT,
    ENTRY,
    IDENTITY_BYTES,
    RECORD_BYTES,
    RECORDS_AT,
    SLOTS,
    STATE_AT,
    TAGS,
    TAGS_AT,
    BasePages,
)
from uplift.keyspace.follow.key_state import TOKEN_BYTES

_PREFIX = Struct(">I")
# Of a record behind its identity: both tokens, life, round in two parts, state.
_BODY = Struct("<9s9sqIHB")
_LOW = 0xFFFFFFFF
_PLACES_KEPT = 4_096


class BaseEntry(NamedTuple):
    """What both sides held. A token is S or D and 8 bytes of digest: of a string by its bytes, of anything else by its DUMP.

    `life` is when the key expires, in ms since 1970, -1: never; `round` the round it was read in, below 2**48.
    """

    source: bytes
    target: bytes
    life: int
    round: int


class Base:
    """The table. Made by open_base."""

    def __init__(self, file: BaseFile) -> None:
        self.dropped = 0
        self._file = file
        self._memory = file.memory
        self._pages = BasePages(file)
        self.entries = self._pages.entries_found
        self._hash = blake2b(key=file.secret, digest_size=IDENTITY_BYTES)
        self._victim = 0
        # Where the records of keys are that were asked for lately: a round asks, marks and puts each of its keys. No record moves unseen.
        self._places: dict[bytes, int] = {}

    @property
    def is_complete(self) -> bool:
        """Whether a key without an entry was absent on both sides, as it is after one whole pass; was_absent asks for one key."""
        return self._file.is_complete

    @is_complete.setter
    def is_complete(self, value: bool) -> None:
        self._file.is_complete = value

    def get(self, key: bytes) -> BaseEntry | None:
        """What was last put for the key; None where nothing is known, or where both sides had no such key (was_absent)."""
        record = self._record_of(key)
        if record < 0:
            return None
        source, target, life, low, high, state = _BODY.unpack_from(self._memory, record + IDENTITY_BYTES)
        return BaseEntry(source, target, life, high << 32 | low) if state & ENTRY else None

    def was_absent(self, key: bytes) -> bool:
        """Whether it is known that both sides had no such key when they were last equal: complete, no entry, and no doubt."""
        if not self._file.is_complete:
            return False
        return self._record_of(key) < 0

    def put(self, key: bytes, entry: BaseEntry) -> None:
        """Both sides hold this. Raises ValueError for tokens that are not 9 bytes, struct.error for numbers out of range."""
        source, target, number = entry.source, entry.target, entry.round
        if len(source) != TOKEN_BYTES or len(target) != TOKEN_BYTES:
            raise ValueError("a token has 9 bytes")
        body = _BODY.pack(source, target, entry.life, number & _LOW, number >> 32, DOUBT)
        record = self._record_of(key)
        if record < 0:
            record = self._insert(self.identity(key), body)
        memory, state = self._memory, record + STATE_AT
        if not memory[state] & ENTRY:
            self.entries += 1
        memory[state] = DOUBT
        memory[record + IDENTITY_BYTES : record + RECORD_BYTES] = body
        memory[state] = ENTRY

    def forget(self, key: bytes) -> None:
        """Both sides have no such key any more."""
        record = self._record_of(key)
        if record >= 0:
            self._remove(record)
            self._places.pop(key, None)

    def doubt(self, key: bytes) -> None:
        """What both sides held is not known any more: no entry, and the key does not count as absent either."""
        record = self._record_of(key)
        if record < 0:
            self._insert(self.identity(key), _BODY.pack(b"", b"", -1, 0, 0, DOUBT))
            return
        place = record + STATE_AT
        self.entries -= self._memory[place] & ENTRY
        self._memory[place] = DOUBT

    def clear(self) -> None:
        """Forget everything: nothing is known of any key."""
        self._pages.begin_again()
        self._places.clear()
        self.entries = 0

    def flush(self) -> None:
        """Wait until the disk has everything. Raises NotWritten."""
        self._file.flush()

    def close(self) -> None:
        """End it so that the file is believed after a boot as well. Raises NotWritten."""
        self._file.close()

    def _record_of(self, key: bytes) -> int:
        """Where the key's record begins, -1: none."""
        place = self._places.get(key)
        if place is None:
            place = self._find(self.identity(key))
            if place >= 0:
                if len(self._places) >= _PLACES_KEPT:
                    self._places.clear()
                self._places[key] = place
        return place

    def identity(self, key: bytes) -> bytes:
        """What the key is called in this file, and beside it."""
        hashed = self._hash.copy()
        hashed.update(key)
        return hashed.digest()

    def _find(self, identity: bytes) -> int:
        """Where the record begins, -1: none."""
        pages, memory = self._pages, self._memory
        tags: int = pages.directory[_PREFIX.unpack_from(identity)[0] >> pages.shift] + TAGS_AT
        tag = TAGS[identity[15]]
        place = memory.find(tag, tags, tags + SLOTS)
        while place >= 0:
            record = tags + (RECORDS_AT - TAGS_AT) + (place - tags) * RECORD_BYTES
            if memory[record : record + IDENTITY_BYTES] == identity:
                return record
            place = memory.find(tag, place + 1, tags + SLOTS)
        return -1

    def _insert(self, identity: bytes, body: bytes) -> int:
        """Where the new record begins."""
        pages, memory = self._pages, self._memory
        prefix = _PREFIX.unpack_from(identity)[0]
        while True:
            page: int = pages.directory[prefix >> pages.shift]
            place = memory.find(b"\0", page + TAGS_AT, page + TAGS_AT + SLOTS)
            if place >= 0:
                break
            self._places.clear()
            if not pages.divide(page):
                self._drop_one(page)
        record = page + RECORDS_AT + (place - page - TAGS_AT) * RECORD_BYTES
        memory[record : record + RECORD_BYTES] = identity + body
        memory[place] = TAGS[identity[15]][0]
        return record

    def _drop_one(self, page: int) -> None:
        """Make room by forgetting any one record of the page."""
        self._file.is_complete = False
        self.dropped += 1
        self._victim += 1
        self._remove(page + RECORDS_AT + self._victim % SLOTS * RECORD_BYTES)

    def _remove(self, record: int) -> None:
        page = record - record % PAGE_BYTES
        self.entries -= self._memory[record + STATE_AT] & ENTRY
        self._memory[page + TAGS_AT + (record - page - RECORDS_AT) // RECORD_BYTES] = 0


def open_base(path: Path | None, most_bytes: int) -> Base:
    """The base in a file, made where there is none, or in memory of this process alone where `path` is None.

    It takes at most `most_bytes`; where they are used up, or the disk is, records are dropped. It begins empty where a file cannot be
    believed: after a crash of the machine, or with a lower bound than what is in it. Raises BadInput naming the file and what is allowed,
    for a file of something else, one that another process has open, and too few bytes; NotWritten where the disk is full.
    """
    return Base(open_base_file(path, most_bytes))
