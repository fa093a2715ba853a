"""A small schema registry on loopback: the part of Confluent's REST interface that readers use."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from stampapp.demo.embedded_broker import LOOPBACK

_CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"
_PATH = "/schemas/ids/"
_NOT_FOUND = 40403


@contextmanager
def schema_registry(schemas: Mapping[int, Any], port: int = 0) -> Iterator[str]:
    """Serve schemas by their ids for the block; yield the URL. Port 0: any free port."""
    server = ThreadingHTTPServer((LOOPBACK, port), _handler(schemas))
    thread = Thread(target=server.serve_forever, args=(0.05,), name="schema-registry", daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(schemas: Mapping[int, Any]) -> type[BaseHTTPRequestHandler]:
    """Return a handler of requests for these schemas."""
    texts = {str(schema_id): json.dumps(schema) for schema_id, schema in schemas.items()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = texts.get(self.path.removeprefix(_PATH))
            if text is None:
                error = {"error_code": _NOT_FOUND, "message": f"there is no {self.path}"}
                self._answer(HTTPStatus.NOT_FOUND, error)
            else:
                self._answer(HTTPStatus.OK, {"schema": text})

        def log_message(self, *_: object) -> None:
            """Write nothing to the terminal."""

        def _answer(self, status: HTTPStatus, content: Mapping[str, object]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", _CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
