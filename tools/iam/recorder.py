"""Stands between the functions and the endpoint and writes down every request.

The endpoint's own call log names no CloudWatch call (they are CBOR) and leaves out every call that
it denied, so what a function was *seen* to do is taken from its wire. Each function has a port of
its own: who called needs no guessing. Requests go on unchanged, Host header included, because it is
part of the signature.

What must stay true: nothing passes that is not written down; an action that is to be refused gets
AWS's own answer for a lack of rights, which the SDK does not try again.
"""

from __future__ import annotations

import http.client
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlparse

REFUSAL = (
    b"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
    b"<Message>refused by the recorder</Message></Error></ErrorResponse>"
)


@dataclass(frozen=True)
class Request:
    """One request as it was on the wire."""

    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes


@dataclass(frozen=True)
class Recorded:
    """Who sent a request, and how it was answered."""

    function: str
    request: Request
    status: int
    refused: bool = False  # by the recorder


class Recorder:
    """A listener for each function, all in this process."""

    def __init__(self, functions: tuple[str, ...]) -> None:
        self.endpoint = ""
        #: Words in a body or path whose requests are refused instead of passed on.
        self.refused: set[bytes] = set()
        self.seen: list[Recorded] = []
        self._lock = threading.Lock()
        self._servers = {function: self._listen(function) for function in functions}

    def url(self, function: str) -> str:
        return f"http://127.0.0.1:{self._servers[function].server_address[1]}"

    def close(self) -> None:
        for server in self._servers.values():
            server.shutdown()
            server.server_close()

    def _listen(self, function: str) -> ThreadingHTTPServer:
        recorder = self

        class Listener(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet, or each answer waits 40 ms

            def do_POST(self) -> None:
                recorder.pass_on(function, self)

            do_GET = do_PUT = do_DELETE = do_POST

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def pass_on(self, function: str, listener: BaseHTTPRequestHandler) -> None:
        length = int(listener.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in listener.headers.items()}
        request = Request(listener.command, listener.path, headers, listener.rfile.read(length))
        text = request.path.encode() + b" " + request.body
        refused = any(word in text for word in self.refused)
        status, kind, body = (403, "text/xml", REFUSAL) if refused else self._ask(request)
        with self._lock:
            self.seen.append(Recorded(function, request, status, refused))
        listener.send_response(status)
        listener.send_header("Content-Type", kind)
        if b"rpc-v2-cbor" in headers.get("smithy-protocol", "").encode():
            listener.send_header("smithy-protocol", "rpc-v2-cbor")
        listener.send_header("Content-Length", str(len(body)))
        listener.end_headers()
        listener.wfile.write(body)

    def _ask(self, request: Request) -> tuple[int, str, bytes]:
        where = urlparse(self.endpoint)
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)
        try:
            # Sent as it came: http.client must not add headers of its own.
            connection.putrequest(
                request.method, request.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in request.headers.items():
                if name != "connection":
                    connection.putheader(name, value)
            connection.endheaders(request.body)
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Content-Type", ""), answer.read()
        finally:
            connection.close()
