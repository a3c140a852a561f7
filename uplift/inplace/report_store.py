"""The report bucket: pages of a census and the report of a run, encrypted and expiring."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from uplift.keyspace.census import Census

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CENSUS = TypeAdapter(Census)


@dataclass(frozen=True, slots=True)
class ReportStore:
    """The objects of one run, under runs/KEY/."""

    client: S3Client
    bucket: str
    run_key: str

    def write_census_page(self, census_name: str, page: int, census: Census) -> None:
        """Keep one page; writing the same page twice replaces it."""
        self._put(self._page_key(census_name, page), _CENSUS.dump_json(census))

    def read_census(self, census_name: str, pages: int) -> Census:
        """All pages of one census, added up."""
        whole = Census()
        for page in range(pages):
            body = self.client.get_object(Bucket=self.bucket, Key=self._page_key(census_name, page))["Body"].read()
            whole.add(_CENSUS.validate_json(body))
        return whole

    def write_report(self, execution_name: str, report: object) -> str:
        """Keep the report of one execution and return its key in the bucket."""
        key = f"runs/{self.run_key}/report-{execution_name}.json"
        self._put(key, json.dumps(report, indent=2, sort_keys=True).encode())
        return key

    def _page_key(self, census_name: str, page: int) -> str:
        return f"runs/{self.run_key}/{census_name}/{page:05}.json"

    def _put(self, key: str, body: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body, ServerSideEncryption="AES256", ContentType="application/json")
