"""An https server on loopback that serves files, and that can fail in each way that servers do."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from stampapp.demo.embedded_broker import LOOPBACK
from tests.support.certificates import Certificates, server_context, shared_certificates

# What answers a request, instead of a body.
Answer = bytes | Callable[[BaseHTTPRequestHandler], None]


class HttpsServer:
    """Its answers by their paths, which tests may change, and the paths that were asked for."""

    def __init__(self, port: int, cafile: Path) -> None:
        self.url, self.cafile = f"https://{LOOPBACK}:{port}", cafile
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []


def redirect(location: str) -> Answer:
    """Return an answer that sends the client elsewhere."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", location)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


def truncated(body: bytes) -> Answer:
    """Return an answer that ends after half of the body that it declares."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[: len(body) // 2])
        request.close_connection = True

    return answer


def endless(request: BaseHTTPRequestHandler) -> None:
    """Send zeros for as long as the client takes them, without a declared length."""
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(bytes(1 << 16))


def dripping(seconds: float) -> Answer:
    """Return an answer of one byte each so many seconds."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while True:
            request.wfile.write(b"x")
            time.sleep(seconds)

    return answer


@contextmanager
def https_server(certificates: Certificates, context: ssl.SSLContext) -> Iterator[HttpsServer]:
    """Run a server until the end of the block."""
    server = ThreadingHTTPServer((LOOPBACK, 0), BaseHTTPRequestHandler)
    found = HttpsServer(server.server_port, certificates.cafile)
    server.RequestHandlerClass = _handler(found.answers, found.asked)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.socket.close()


def made_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpsServer]:
    """Run a server for a fixture."""
    certificates = shared_certificates(tmp_path_factory)
    context = server_context(certificates, tmp_path_factory.mktemp("https"))
    with https_server(certificates, context) as found:
        yield found


def _handler(answers: Mapping[str, Answer], asked: list[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            answer = answers.get(self.path)
            if answer is None:
                self.send_error(404)
            elif isinstance(answer, bytes):
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            else:
                try:
                    answer(self)
                except OSError:
                    # The client has gone.
                    self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Write nothing to the terminal."""

    return Handler
