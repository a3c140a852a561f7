"""The pages of the base: which one a key is on, and how one that is full becomes two.

A page: how many bits of an identity say that it is this page, and which; a tag byte for each record, the last byte of its identity (0: the
place is free); the records. A page whose first byte is 0 is free.
"""

from __future__ import annotations

from struct import Struct

from uplift.errors import NotWritten
from uplift.keyspace.follow.base_file import PAGE_BYTES, BaseFile

IDENTITY_BYTES = 16
RECORD_BYTES = 49
STATE_AT = RECORD_BYTES - 1
PREFIX_BITS = 32
# States of a record.
DOUBT, ENTRY = 0, 1
TAGS_AT = 16
SLOTS = (PAGE_BYTES - TAGS_AT) // (1 + RECORD_BYTES)
RECORDS_AT = TAGS_AT + SLOTS
TAGS = [bytes([max(1, byte)]) for byte in range(256)]
_RECORDS_END = RECORDS_AT + SLOTS * RECORD_BYTES
_HEADER = Struct("<BxxxI8x")
_AS_OPENED = bytes(state if state in {DOUBT, ENTRY} else DOUBT for state in range(256))


class BasePages:
    """The directory: for each beginning of an identity, where its page begins in bytes. `shift` is how many of 32 bits it leaves aside."""

    def __init__(self, file: BaseFile) -> None:
        self.directory: list[int] = []
        self.shift = PREFIX_BITS
        self.entries_found = 0
        self._file, self._memory = file, file.memory
        self._free: list[int] = []
        # Identities are evenly spread, so a page much deeper than the rest does not happen; the bound keeps the directory one.
        self._deepest = min(PREFIX_BITS, file.most_pages.bit_length() + 4)
        self._read()

    def _read(self) -> None:
        """Find the pages, and leave what the last process had under way: divided pages whose origin is still there."""
        leaves = []
        for page in self._file.pages():
            depth, prefix = _HEADER.unpack_from(self._memory, page)
            if depth:
                leaves.append((depth - 1, prefix, page))
            else:
                self._free.append(page)
        if not leaves:
            self._begin()
            return
        leaves.sort()
        depth = leaves[-1][0]
        self.shift = PREFIX_BITS - depth
        self.directory = [0] * (1 << depth)
        for own, prefix, page in leaves:
            first, count = prefix << (depth - own), 1 << (depth - own)
            if any(self.directory[first : first + count]):
                self._release(page)
            else:
                self.directory[first : first + count] = [page] * count
                self._open_page(page)
        if len(self.directory) != 1 << depth or 0 in self.directory:
            self.begin_again()

    def begin_again(self) -> None:
        """Forget everything: somebody else wrote to the file, or its process missed what it should have written down."""
        self._file.is_complete = False
        self._free = list(self._file.pages())
        for page in self._free:
            self._memory[page] = 0
        self.shift, self.entries_found = PREFIX_BITS, 0
        self._begin()

    def _begin(self) -> None:
        page = self._take()
        if page is None:
            raise NotWritten("the base of the follow: no room for it on the disk")
        self._write(page, 0, 0, [])
        self.directory = [page]

    def _open_page(self, page: int) -> None:
        memory = self._memory
        tags = memory[page + TAGS_AT : page + RECORDS_AT]
        states = memory[page + RECORDS_AT + STATE_AT : page + _RECORDS_END : RECORD_BYTES]
        opened = states.translate(_AS_OPENED)
        if opened != states:
            memory[page + RECORDS_AT + STATE_AT : page + _RECORDS_END : RECORD_BYTES] = opened
        self.entries_found += sum(1 for tag, state in zip(tags, opened, strict=True) if tag and state)

    def divide(self, page: int) -> bool:
        """Make two pages of one that is full; False where there is no room for more.

        Until the old page is free, which is one byte and the last step, it alone counts to whoever opens the file.
        """
        held, prefix = _HEADER.unpack_from(self._memory, page)
        depth = held - 1
        if depth == self._deepest:
            return False
        left, right = self._take(), self._take()
        if left is None or right is None:
            self._free += [one for one in (left, right) if one is not None]
            return False
        memory = self._memory
        byte, bit = depth // 8, 0x80 >> depth % 8
        records = [memory[at : at + RECORD_BYTES] for at in range(page + RECORDS_AT, page + _RECORDS_END, RECORD_BYTES)]
        self._write(left, depth + 1, 2 * prefix, [record for record in records if not record[byte] & bit])
        self._write(right, depth + 1, 2 * prefix + 1, [record for record in records if record[byte] & bit])
        self._release(page)
        self._point_to(left, right, depth, prefix)
        return True

    def _point_to(self, left: int, right: int, depth: int, prefix: int) -> None:
        if depth == PREFIX_BITS - self.shift:
            self.directory = [page for page in self.directory for _ in range(2)]
            self.shift -= 1
        half = 1 << (PREFIX_BITS - self.shift - depth - 1)
        first = 2 * prefix * half
        self.directory[first : first + 2 * half] = [left] * half + [right] * half

    def _write(self, page: int, depth: int, prefix: int, records: list[bytes]) -> None:
        tags = b"".join([TAGS[record[IDENTITY_BYTES - 1]] for record in records]).ljust(SLOTS, b"\0")
        whole = _HEADER.pack(0, prefix) + tags + b"".join(records)
        self._memory[page : page + len(whole)] = whole
        self._memory[page] = depth + 1

    def _take(self) -> int | None:
        """A free page, of a new stretch where need be; None where there is none."""
        if not self._free:
            self._free.extend(self._file.more_pages())
        return self._free.pop() if self._free else None

    def _release(self, page: int) -> None:
        self._memory[page] = 0
        self._free.append(page)
