"""A stand-in for Lambda's Runtime API: one program at a time, times taken where bytes arrive.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import time
from pathlib import Path

PATIENCE_SECS = 20
TIME_LEFT_SECS = 50
ARN = "arn:aws:lambda:ap-northeast-2:123456789012:function:bench"
NEXT = "/2018-06-01/runtime/invocation/next"


class Invocations:
    """Listens on a free port of the loopback address."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._read: dict[socket.socket, bytearray] = {}
        self._waiting: socket.socket | None = None
        self._number = 0
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> "Invocations":
        return self

    def __exit__(self, *_: object) -> None:
        self.forget()
        self._listener.close()

    def forget(self) -> None:
        """Closes the connections of a program that has ended."""
        for connection in list(self._read):
            self._drop(connection)
        self._waiting = None

    def wait_for_next(self, pid: int, log: Path) -> int:
        """When the program has asked for work (perf_counter_ns)."""
        at, connection, path, _ = self._request(pid, log)
        if path != NEXT:
            raise SystemExit(f"bench-start: asked for {path}, not for work; log: {log}")
        self._waiting = connection
        return at

    def send(self, event: dict) -> int:
        """Hands out an event; the answer is when it was about to be sent."""
        body = json.dumps(event).encode()
        self._number += 1
        deadline = int((time.time() + TIME_LEFT_SECS) * 1000)
        head = (
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            f"Lambda-Runtime-Aws-Request-Id: request-{self._number}\r\n"
            f"Lambda-Runtime-Deadline-Ms: {deadline}\r\n"
            f"Lambda-Runtime-Invoked-Function-Arn: {ARN}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        message = head.encode() + body
        assert self._waiting is not None
        at = time.perf_counter_ns()
        self._waiting.sendall(message)
        self._waiting = None
        return at

    def wait_for_answer(self, pid: int, log: Path) -> tuple[int, bytes]:
        """When the answer had arrived, and its body."""
        at, connection, path, body = self._request(pid, log)
        if not path.endswith(f"/request-{self._number}/response"):
            raise SystemExit(f"bench-start: {path}: {body[:500]!r}; log: {log}")
        connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        return at, body

    def _request(self, pid: int, log: Path) -> tuple[int, socket.socket, str, bytes]:
        """The next whole request of any connection."""
        until = time.monotonic() + PATIENCE_SECS
        while time.monotonic() < until:
            for key, _ in self._selector.select(0.5):
                if key.fileobj is self._listener:
                    self._accept()
                    continue
                found = self._receive(key.fileobj)
                if found:
                    return found
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                raise SystemExit(f"bench-start: the program ended; log: {log}")
        raise SystemExit(f"bench-start: nothing happened in {PATIENCE_SECS} s; log: {log}")

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read[connection] = bytearray()
        self._selector.register(connection, selectors.EVENT_READ)

    def _receive(self, connection: socket.socket) -> tuple[int, socket.socket, str, bytes] | None:
        data = connection.recv(65536)
        at = time.perf_counter_ns()
        if not data:
            self._drop(connection)
            return None
        read = self._read[connection]
        read += data
        whole = parse(read)
        if whole is None:
            return None
        read.clear()
        return (at, connection, *whole)

    def _drop(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        self._read.pop(connection, None)
        connection.close()


def parse(read: bytearray) -> tuple[str, bytes] | None:
    """Path and body of a request once it is whole. No client here sends one ahead."""
    head, blank, body = bytes(read).partition(b"\r\n\r\n")
    if not blank:
        return None
    lines = head.decode("latin-1").split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
    path = lines[0].split(" ")[1]
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return (path, unchunked(body)) if body.endswith(b"0\r\n\r\n") else None
    if len(body) < int(headers.get("content-length", 0)):
        return None
    return path, body


def unchunked(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        whole, body = whole + rest[:length], rest[length + 2 :]
    return whole
