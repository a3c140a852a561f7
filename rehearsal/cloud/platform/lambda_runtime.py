"""Runs the deployed zip under AWS's own runtime client, behind a small Runtime API.

Source: Lambda developer guide, "Using the Lambda runtime API". One process serves one call at a time and is kept
warm; the process sees the bundle, what the runtime itself brings, and nothing else of this machine's packages.
"""

from __future__ import annotations

import io
import json
import os
import queue
import subprocess
import sys
import threading
import time
import uuid
import zipfile
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_RUNTIME_API = "/2018-06-01/runtime/"


@dataclass
class Answer:
    """What one invocation gave: a payload, or an error in Lambda's form."""

    payload: bytes
    error: bool = False


@dataclass(frozen=True)
class FunctionSpec:
    """One deployed function as the runtime needs it."""

    name: str
    arn: str
    code_id: str
    handler: str
    timeout_seconds: int
    memory_mib: int
    environment: dict[str, str]
    clock_ahead_seconds: int = 0


class RuntimeProcess:
    """One `awslambdaric` process with the Runtime API it asks for work."""

    def __init__(self, spec: FunctionSpec, task_root: Path, runtime_folder: Path, environment: dict[str, str], log: Path) -> None:
        self.spec = spec
        self._work: queue.Queue[tuple[str, bytes] | None] = queue.Queue()
        self._answers: queue.Queue[Answer] = queue.Queue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_class(self))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        # The bare interpreter, without this project's virtual environment: only the bundle and the runtime's own packages.
        interpreter = str(Path(getattr(sys, "_base_executable", sys.executable)))
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [interpreter, "-S", "-s", *_start(spec)],
                cwd=task_root,
                stdout=output,
                stderr=output,
                env={
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": f"{task_root}:{runtime_folder}",
                    "PYTHONDONTWRITEBYTECODE": "1",
                    "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_address[1]}",
                    "AWS_LAMBDA_FUNCTION_NAME": spec.name,
                    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mib),
                    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                    "LAMBDA_TASK_ROOT": str(task_root),
                    "_HANDLER": spec.handler,
                    **environment,
                    **spec.environment,
                },
            )

    def invoke(self, payload: bytes) -> Answer:
        """Run one event; an exit or a timeout is an answer too, as Lambda makes it one."""
        self._work.put((str(uuid.uuid4()), payload))
        deadline = time.monotonic() + self.spec.timeout_seconds
        while time.monotonic() < deadline:
            try:
                return self._answers.get(timeout=0.1)
            except queue.Empty:
                if self._process.poll() is not None:
                    return _failure(
                        "Runtime.ExitError", f"RequestId: unknown Error: Runtime exited with exit status {self._process.returncode}"
                    )
        self.kill()
        return _failure("Sandbox.Timedout", f"Task timed out after {self.spec.timeout_seconds}.00 seconds")

    @property
    def alive(self) -> bool:
        """Whether it can take another call."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it at once, in the middle of whatever it does."""
        self._process.kill()
        self._process.wait()
        self._work.put(None)
        threading.Thread(target=self._server.shutdown, daemon=True).start()

    def next_work(self) -> tuple[str, bytes] | None:
        """The next event, waited for; None when the process was ended."""
        return self._work.get()

    def answered(self, answer: Answer) -> None:
        """Take the answer of the event that was handed out last."""
        self._answers.put(answer)


class LambdaRuntimes:
    """All runtime processes, warm ones reused."""

    def __init__(self, folder: Path, runtime_folder: Path, environment: dict[str, str]) -> None:
        self._folder, self._runtime_folder, self._environment = folder, runtime_folder, environment
        self._idle: dict[FunctionSpecKey, list[RuntimeProcess]] = {}
        self._busy: list[RuntimeProcess] = []
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    def invoke(self, spec: FunctionSpec, code: bytes, credentials: dict[str, str], payload: bytes) -> Answer:
        """Run one event of one function, in a process that is idle or new."""
        key = (spec.name, spec.code_id, json.dumps([spec.environment, spec.clock_ahead_seconds], sort_keys=True))
        with self._lock:
            idle = self._idle.setdefault(key, [])
            process = idle.pop() if idle else None
            if process is None or not process.alive:
                process = self._start(spec, code, credentials)
            self._busy.append(process)
        answer = process.invoke(payload)
        with self._lock:
            self._busy.remove(process)
            if process.alive:
                self._idle[key].append(process)
        return answer

    def _start(self, spec: FunctionSpec, code: bytes, credentials: dict[str, str]) -> RuntimeProcess:
        task_root = self._folder / spec.code_id
        if not task_root.exists():
            with zipfile.ZipFile(io.BytesIO(code)) as archive:
                archive.extractall(task_root)
        return RuntimeProcess(spec, task_root, self._runtime_folder, self._environment | credentials, self._folder / f"{spec.name}.log")

    @property
    def busy(self) -> bool:
        """Whether any function is at work."""
        with self._lock:
            return bool(self._busy)

    def kill_busy(self, function_name_part: str) -> None:
        """End every process that is at work for a function whose name holds this part."""
        with self._lock:
            struck = [process for process in self._busy if function_name_part in process.spec.name]
        for process in struck:
            process.kill()

    def stop_all(self) -> None:
        """End everything."""
        with self._lock:
            processes = [*self._busy, *(process for idle in self._idle.values() for process in idle)]
        for process in processes:
            process.kill()


_WITH_ANOTHER_CLOCK = """
import runpy, sys, time
true_time = time.time
time.time = lambda: true_time() + {ahead}
sys.argv = ["awslambdaric", "{handler}"]
runpy.run_module("awslambdaric", run_name="__main__")
"""


def _start(spec: FunctionSpec) -> list[str]:
    if spec.clock_ahead_seconds:
        return ["-c", _WITH_ANOTHER_CLOCK.format(ahead=spec.clock_ahead_seconds, handler=spec.handler)]
    return ["-m", "awslambdaric", spec.handler]


FunctionSpecKey = tuple[str, str, str]


def _failure(kind: str, message: str) -> Answer:
    return Answer(json.dumps({"errorType": kind, "errorMessage": message}).encode(), error=True)


def _handler_class(process: RuntimeProcess) -> type[BaseHTTPRequestHandler]:
    class RuntimeApi(BaseHTTPRequestHandler):
        """The four calls of the Runtime API."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            work = process.next_work()
            if work is None:
                self.close_connection = True
                return
            request_id, payload = work
            deadline = int((time.time() + process.spec.timeout_seconds) * 1000)
            self._send(
                200,
                payload,
                {
                    "Lambda-Runtime-Aws-Request-Id": request_id,
                    "Lambda-Runtime-Deadline-Ms": str(deadline),
                    "Lambda-Runtime-Invoked-Function-Arn": process.spec.arn,
                },
            )

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            process.answered(Answer(body, error=not self.path.endswith("/response")))
            self._send(202, b"{}", {})

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            pass

    return RuntimeApi
