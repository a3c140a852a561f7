"""One Ruby that lives for many tests: connections it keeps in global variables stay open between two of them."""

from __future__ import annotations

import json
import os
import select
import subprocess
from pathlib import Path
from typing import Any

_EVALUATE = Path(__file__).with_name("evaluate.rb")
_ANSWER_SECONDS = 60.0


class RubyError(Exception):
    """What the code raised in Ruby."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name


class RubyProcess:
    """Trusts one certificate authority as if the system did. What Ruby prints goes to a file."""

    def __init__(self, ruby: str, authority: Path, printed: Path) -> None:
        self._printed = printed
        environment = os.environ | {"SSL_CERT_FILE": str(authority), "SSL_CERT_DIR": str(authority.parent / "no-others")}
        with printed.open("wb") as output:
            self._process = subprocess.Popen(
                [ruby, str(_EVALUATE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output, env=environment, bufsize=0
            )

    def run(self, code: str, **given: Any) -> Any:
        """The value of the code, in which what is given are local variables. Raises RubyError."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"code": code, "given": given}).encode() + b"\n")
        is_answered, _, _ = select.select([self._process.stdout], [], [], _ANSWER_SECONDS)
        line = self._process.stdout.readline() if is_answered else b""
        if not line:
            self.stop()
            raise RuntimeError(f"Ruby did not answer; it printed: {self._printed.read_text(errors='replace')[-800:]}")
        answer = json.loads(line)
        if "raised" in answer:
            raise RubyError(answer["raised"], answer["message"])
        return answer["value"]

    def stop(self) -> None:
        """End the process; safe to call twice."""
        self._process.kill()
        self._process.wait()
