"""A schema registry on loopback whose answers a test chooses."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from stampapp.demo.embedded_broker import LOOPBACK
from tests.support.certificates import REMEDIES
from tests.support.maven_jars import executable

UNKNOWN = (404, json.dumps({"error_code": 40403, "message": "Schema not found"}).encode())
# A status and a body.
Answer = tuple[int, bytes]


def schema_answer(schema: Any, **more: object) -> Answer:
    return 200, json.dumps({"schema": json.dumps(schema), **more}).encode()


@dataclass(kw_only=True)
class FakeRegistry:
    """Answers each request as `answer` says, which gets the id; `asked` are the ids, in order."""

    answer: Callable[[int], Answer]
    user: str | None = None
    url: str = ""
    asked: list[int] = field(default_factory=list)

    def respond(self, path: str, authorization: str | None) -> Answer:
        number = int(path.rsplit("/", 1)[1])
        self.asked.append(number)
        expected = self.user and f"Basic {base64.b64encode(self.user.encode()).decode()}"
        return (401, b"{}") if authorization != expected else self.answer(number)


@contextmanager
def serving(registry: FakeRegistry, pem: Path | None = None, port: int = 0) -> Iterator[str]:
    """Serve on loopback, over TLS if there is a certificate; yield the URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = registry.respond(self.path, self.headers.get("Authorization"))
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", body.decode())
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            # The client may have read enough.
            with suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((LOOPBACK, port), Handler)
    if pem:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    registry.url = f"http{'s' if pem else ''}://{LOOPBACK}:{server.server_port}"
    try:
        yield registry.url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def make_pem(folder: Path) -> Path:
    """Make a certificate of its own authority for loopback, with its key, in one file."""
    tool = executable("openssl", REMEDIES["openssl"])
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    options = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    names = ("-subj", "/CN=registry", "-addext", f"subjectAltName=IP:{LOOPBACK}")
    files = ("-keyout", str(key), "-out", str(certificate))
    subprocess.run(
        [tool, "req", "-x509", *options, *names, *files], check=True, capture_output=True
    )
    both = folder / "both.pem"
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both
