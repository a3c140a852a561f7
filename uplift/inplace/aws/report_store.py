"""The report bucket: what a run found, under runs/ID/; and under names/ID/, which expires soon, what holds key names."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import TypeAdapter

from uplift.errors import UpliftError
from uplift.keyspace.census.census import Census
from uplift.keyspace.census.cold_check import ColdCount
from uplift.keyspace.census.cold_keys import ColdKeyPage

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


BEFORE, AFTER, MEASURE, COMPARE = "census-before", "census-after", "measure", "compare"


class ReportBucketUnusable(UpliftError):
    """The report bucket refused an object: nothing of this run could be proved later."""

    code = "ReportBucketUnusable"


@dataclass(slots=True)
class CheckPage:
    """What became of one page of cold keys: counts, and the missing and changed as pattern and keyed hash."""

    total: ColdCount = field(default_factory=ColdCount)
    patterns: dict[str, ColdCount] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)

    def add(self, other: CheckPage) -> None:
        """Take in another page."""
        self.total.add(other.total)
        for pattern, count in other.patterns.items():
            self.patterns.setdefault(pattern, ColdCount()).add(count)
        self.labels += other.labels


_CENSUS = TypeAdapter(Census)
_CHECK = TypeAdapter(CheckPage)


@dataclass(frozen=True, slots=True)
class ReportStore:
    """The objects of one run. Every method raises ReportBucketUnusable when S3 refuses."""

    client: S3Client
    bucket: str
    run_id: str

    def write_census_page(self, census_name: str, page: int, census: Census) -> None:
        """Keep one page; writing the same page twice replaces it."""
        self._put(self._page_key("runs", census_name, page, "json"), _CENSUS.dump_json(census))

    def read_census(self, census_name: str, pages: int) -> Census:
        """All pages of one census, added up."""
        whole = Census()
        for page in range(pages):
            whole.add(_CENSUS.validate_json(self._get(self._page_key("runs", census_name, page, "json"))))
        return whole

    def write_cold_keys(self, page: int, cold: ColdKeyPage) -> None:
        """Keep the cold keys of one page, names and all."""
        self._put(self._page_key("names", "cold-keys", page, "bin"), cold.encode())

    def read_cold_keys(self, page: int) -> ColdKeyPage:
        """The cold keys of one page. Raises DamagedFile."""
        return ColdKeyPage.decode(self._get(self._page_key("names", "cold-keys", page, "bin")))

    def write_check(self, check_name: str, page: int, check: CheckPage, clear_names: str) -> None:
        """Keep what became of one page; `clear_names` goes where names may be."""
        self._put(self._page_key("runs", check_name, page, "json"), _CHECK.dump_json(check))
        if clear_names:
            self._put(self._page_key("names", check_name, page, "txt"), clear_names.encode())

    def read_check(self, check_name: str, pages: int) -> CheckPage:
        """All pages of one check, added up."""
        whole = CheckPage()
        for page in range(pages):
            whole.add(_CHECK.validate_json(self._get(self._page_key("runs", check_name, page, "json"))))
        return whole

    def clear_names_key(self, check_name: str) -> str:
        """The folder in which a check's clear names are."""
        return f"names/{self.run_id}/{check_name}/"

    def write(self, name: str, document: object) -> str:
        """Keep one JSON document of the run and return its key in the bucket."""
        key = f"runs/{self.run_id}/{name}.json"
        self._put(key, json.dumps(document, indent=2, sort_keys=True).encode())
        return key

    def read(self, name: str) -> bytes:
        """One JSON document of the run."""
        return self._get(f"runs/{self.run_id}/{name}.json")

    def check_round_trip(self) -> None:
        """Write an object to both folders and read it back, as a census will."""
        for root in ("runs", "names"):
            key, written = f"{root}/{self.run_id}/probe", secrets.token_hex(8).encode()
            self._put(key, written)
            if self._get(key) != written:
                raise ReportBucketUnusable(f"s3://{self.bucket}/{key}: what was written did not come back")

    def label_secret(self) -> bytes:
        """The secret behind the keyed hashes of this run, made when it is first asked for."""
        key = f"names/{self.run_id}/label-secret"
        try:
            return self._get(key)
        except ReportBucketUnusable:
            made = secrets.token_bytes(16)
            self._put(key, made)
            return made

    def _page_key(self, root: str, name: str, page: int, suffix: str) -> str:
        return f"{root}/{self.run_id}/{name}/{page:05}.{suffix}"

    def _put(self, key: str, body: bytes) -> None:
        with self._named(key):
            self.client.put_object(Bucket=self.bucket, Key=key, Body=body, ServerSideEncryption="AES256")

    def _get(self, key: str) -> bytes:
        with self._named(key):
            return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    @contextmanager
    def _named(self, key: str) -> Iterator[None]:
        try:
            yield
        except ClientError as problem:
            error = problem.response["Error"]
            raise ReportBucketUnusable(f"s3://{self.bucket}/{key}: {error['Code']}: {error['Message']}") from problem
        except BotoCoreError as problem:
            raise ReportBucketUnusable(f"s3://{self.bucket}/{key}: {problem}") from problem
