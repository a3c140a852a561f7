"""ENV and --config: which environment a command is about."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Environment = Annotated[str, typer.Argument(help="An environment: the name of a file in config/.")]
Config = Annotated[Path, typer.Option("--config", help="The folder of the settings files.")]
