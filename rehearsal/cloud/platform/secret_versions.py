"""When a version of a secret was made: moto answers ListSecretVersionIds with the time of the question."""

from __future__ import annotations

import json

from moto.secretsmanager.models import SecretsManagerBackend


def install() -> None:
    """Answer with the time the version was made, which moto keeps (API reference, ListSecretVersionIds)."""
    SecretsManagerBackend.list_secret_version_ids = _list_secret_version_ids


def _list_secret_version_ids(self: SecretsManagerBackend, secret_id: str) -> str:
    secret = self.secrets[secret_id]
    versions = [
        {"VersionId": version_id, "VersionStages": version["version_stages"], "CreatedDate": version["createdate"]}
        for version_id, version in secret.versions.items()
    ]
    return json.dumps({"ARN": secret.secret_id, "Name": secret.name, "Versions": versions})
