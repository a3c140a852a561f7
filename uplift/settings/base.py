"""What every settings model shares: frozen, and unknown fields refused."""

from pydantic import BaseModel, ConfigDict


class FrozenSettings(BaseModel):
    """Base of the settings models. A misspelt field is an error, never a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)
