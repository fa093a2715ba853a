from __future__ import annotations

import json
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from stampapp.demo.schema_registry import schema_registry

SCHEMA = {"type": "record", "name": "a", "fields": [{"name": "b", "type": "long"}]}


def ask(url: str, path: str) -> tuple[int, dict[str, object]]:
    place = urlsplit(url)
    connection = HTTPConnection(str(place.hostname), place.port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_a_schema_is_served_by_its_id() -> None:
    with schema_registry({1000: SCHEMA}) as url:
        status, content = ask(url, "/schemas/ids/1000")
        assert (status, json.loads(str(content["schema"]))) == (200, SCHEMA)
        assert ask(url, "/schemas/ids/1001") == (
            404,
            {"error_code": 40403, "message": "there is no /schemas/ids/1001"},
        )


def test_it_can_come_back_on_the_port_that_it_had() -> None:
    with schema_registry({}) as url:
        pass
    with pytest.raises(ConnectionRefusedError):
        ask(url, "/schemas/ids/1")
    with schema_registry({1: SCHEMA}, urlsplit(url).port or 0) as again:
        assert again == url
        assert ask(url, "/schemas/ids/1")[0] == 200
