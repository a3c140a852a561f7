"""Every call passes here: it is recorded, its role is checked, and faults strike."""

from __future__ import annotations

import io
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from rehearsal.cloud.faults import Faults
from rehearsal.cloud.platform.permissions import SERVICE_NAMES, Call, Permissions, operation_in_path, s3_call

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
_CREDENTIAL = re.compile(r"Credential=([^/]+)/[^/]+/[^/]+/([^/]+)/")
_ERROR_CODE = re.compile(rb"<Code>([^<]+)</Code>|\"__type\":\s*\"([^\"]+)\"")
_UNAVAILABLE = "ServiceUnavailable"
# No code of AWS: the connection is closed without an answer.
_CUT = "(cut)"
_MODIFIES = ("ModifyReplicationGroup", "ModifyCacheCluster")


class CallCheck:
    """A WSGI application in front of moto's."""

    def __init__(
        self,
        inner: Callable[[Environ, StartResponse], Iterable[bytes]],
        permissions: Permissions,
        faults: Faults,
        log: Path,
        strike: Callable[[], None],
        control: Callable[[str, dict[str, Any]], Any],
    ) -> None:
        self._inner, self._permissions, self._faults = inner, permissions, faults
        self._log, self._strike, self._control = log, strike, control
        self._lock = threading.Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/_rehearsal/"):
            return self._controlled(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) if environ.get("CONTENT_LENGTH") else None
        if body is not None:
            environ["wsgi.input"] = io.BytesIO(body)
        key, call = _read_call(environ, body or b"")
        role = self._permissions.role_of(key)
        refusal = self._refusal(role, call)
        if refusal is not None:
            code, message = refusal
            self._record(role or key, call, 400, code)
            if code == _CUT:
                return _cut(environ, start_response)
            return _answer_error(call.service, code, message, start_response)

        started: list[tuple[Any, ...]] = []

        def remember(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            started.append((status, headers, *rest))
            return lambda _data: None

        answer = b"".join(self._inner(environ, remember))
        status = int(started[0][0].split()[0])
        found = _ERROR_CODE.search(answer) if status >= 400 else None
        self._record(role or key, call, status, (found[1] or found[2]).decode() if found else "")
        if role is not None and call.action in _MODIFIES and status < 400:
            self._faults.modified = True
            if self._faults.strikes_once("die-after-modify"):
                self._strike()
        if status < 400 and self._faults.strikes_once(f"cut-after-{call.action}"):
            return _cut(environ, start_response)
        if status < 400 and self._faults.strikes_once(f"503-after-{call.action}"):
            return _answer_error(call.service, _UNAVAILABLE, "The service is unavailable", start_response)
        start_response(*started[0])
        return [answer]

    def _refusal(self, role: str | None, call: Call) -> tuple[str, str] | None:
        if call.action in _MODIFIES and self._faults.is_on("modify-lost"):
            return _UNAVAILABLE, "The service is unavailable"
        if role is None:
            return None
        missing = self._permissions.missing(role, call)
        if missing is not None:
            return "AccessDenied", missing
        if call.service == "elasticache" and self._faults.throttles_this_call():
            return "Throttling", "Rate exceeded"
        if call.action == "PutObject" and self._faults.is_on("bucket-unwritable"):
            return "AccessDenied", "Access Denied"
        if call.action == "Publish" and self._faults.is_on("topic-deleted"):
            return "NotFound", "Topic does not exist"
        if call.service == "s3" and "Data" in role and self._faults.is_on("no-s3-in-vpc"):
            return _CUT, "nothing answers"
        return None

    def _record(self, principal: str, call: Call, status: int, error: str) -> None:
        line = {
            "at": time.time(), "principal": principal, "service": call.service, "action": call.action, "status": status, "error": error,
        }  # fmt: skip
        with self._lock, self._log.open("a") as log:
            log.write(json.dumps(line) + "\n")

    def _controlled(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        request = json.loads(environ["wsgi.input"].read(length) or b"{}")
        answer = json.dumps(self._control(environ["PATH_INFO"].removeprefix("/_rehearsal/"), request)).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
        return [answer]


def _read_call(environ: Environ, body: bytes) -> tuple[str, Call]:
    match = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    key, scope = (match[1], match[2]) if match else ("", "s3")
    service = SERVICE_NAMES.get(scope, scope)
    if service == "s3":
        return key, s3_call(environ["REQUEST_METHOD"], environ["PATH_INFO"])
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        params = json.loads(body or b"{}")
        return key, Call(service, target.rsplit(".", 1)[-1], {name: value for name, value in params.items() if isinstance(value, str)})
    if operation := operation_in_path(environ["PATH_INFO"]):
        return key, Call(service, operation, {})
    if service == "lambda":
        return key, Call(service, f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}", {})
    query = {name: values[0] for name, values in parse_qs(body.decode(errors="replace")).items()}
    return key, Call(service, query.pop("Action", environ["PATH_INFO"]), query)


def _answer_error(service: str, code: str, message: str, start_response: StartResponse) -> Iterable[bytes]:
    if service in ("dynamodb", "secretsmanager", "states", "cloudwatch"):
        body = json.dumps({"__type": code, "message": message}).encode()
        kind = "application/x-amz-json-1.1"
    else:
        inner = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        body = (inner if service == "s3" else f"<ErrorResponse>{inner}<RequestId>0</RequestId></ErrorResponse>").encode()
        kind = "text/xml"
    status = "503 Service Unavailable" if code == _UNAVAILABLE else "400 Bad Request"
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


def _cut(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """No answer: the server's own goes into a connection that is closed already, and WSGI wants one."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    start_response("200 OK", [("Content-Length", "0")])
    return [b""]
