"""A model that comes from an https address instead of a folder."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.apache_kafka import ApacheKafka
from tests.support.https_server import HttpsServer, dripping, made_server
from tests.support.stopwatch import AMPLE
from tests.support.topics import Record, produce
from tests.support.waiting import until
from tests.support.worker import clean_environment, command, worker
from tests.system.conftest import environment

MODEL = Path(__file__).parents[2] / "model" / "ztf"
SAMPLE = MODEL / "sample.avro"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpsServer]:
    yield from made_server(tmp_path_factory)


@pytest.fixture
def settings(server: HttpsServer, tmp_path: Path) -> dict[str, str]:
    """The settings of ZTF's model, which is zipped and served."""
    with zipfile.ZipFile(tmp_path / "ztf.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for path in MODEL.iterdir():
            packed.write(path, f"ztf/{path.name}")
    body = (tmp_path / "ztf.zip").read_bytes()
    server.answers["/ztf.zip"] = body
    server.asked.clear()
    return {
        "CLASSIFIER_STRATEGY": "ZTF",
        "MODEL_PATH": f"{server.url}/ztf.zip#sha256={hashlib.sha256(body).hexdigest()}",
        "MODEL_CACHE": str(tmp_path / "cache"),
        "MODEL_SSL_CAFILE": str(server.cafile),
    }


def test_workers_that_start_at_once_fetch_the_model_once(
    kafka: ApacheKafka, server: HttpsServer, settings: dict[str, str], tmp_path: Path
) -> None:
    setup = environment(kafka.bootstrap, **settings)
    with ExitStack() as stack:
        workers = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            workers.append(stack.enter_context(worker(setup, tmp_path / name)))
        for running in workers:
            running.wait_for(f"from {settings['MODEL_PATH']}; for production")
        produce(kafka.bootstrap, setup["CONSUMER_TOPICS"], [Record(b"a", SAMPLE.read_bytes())])
        until(lambda: any("1 in all" in running.text() for running in workers), AMPLE)
    assert server.asked == ["/ztf.zip"]


def test_commands_use_what_the_cache_has(
    kafka: ApacheKafka, server: HttpsServer, settings: dict[str, str], tmp_path: Path
) -> None:
    classified = command("classify", "--json", str(SAMPLE), cwd=tmp_path, **settings)
    assert classified.returncode == 0, classified.stderr
    server.answers.clear()
    setup = environment(kafka.bootstrap, **settings)
    checked = command("check", "--json", cwd=tmp_path, **setup)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    report = json.loads(checked.stdout)
    assert settings["MODEL_PATH"] in report["classifier"]["provenance"]
    assert report["alert"]["class_name"] == json.loads(classified.stdout)["class_name"]
    assert report["alert"]["made_as"] == report["alert"]["class_name"]


def test_a_notebook_takes_the_same_address(
    server: HttpsServer, settings: dict[str, str], tmp_path: Path
) -> None:
    program = (
        "import stampapp, sys; classifier = stampapp.load_classifier(sys.argv[1]);"
        "print(classifier.provenance); print(classifier.classify(sys.argv[2])[0].class_name)"
    )
    # The address is its only setting: the CA is the one of the system, which OpenSSL may be told.
    done = subprocess.run(
        [sys.executable, "-c", program, settings["MODEL_PATH"], str(SAMPLE)],
        env=clean_environment()
        | {"SSL_CERT_FILE": str(server.cafile), "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        timeout=AMPLE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    provenance, class_name = done.stdout.splitlines()
    assert settings["MODEL_PATH"] in provenance
    assert class_name in {"AGN", "SN", "VS", "asteroid", "bogus"}
    assert server.asked == ["/ztf.zip"]
    assert list((tmp_path / "cache" / "stampapp" / "models").iterdir())


def test_a_model_that_is_not_the_one_of_the_checksum_stops_the_start(
    kafka: ApacheKafka, server: HttpsServer, settings: dict[str, str], tmp_path: Path
) -> None:
    server.answers["/ztf.zip"] = b"another"
    done = command("worker", cwd=tmp_path, **environment(kafka.bootstrap, **settings))
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert "stampapp cannot start: " in last
    assert "/ztf.zip is not the file that its checksum is for: it has 7 bytes" in last


def test_a_worker_stops_while_it_fetches(
    kafka: ApacheKafka, server: HttpsServer, settings: dict[str, str], tmp_path: Path
) -> None:
    server.answers["/ztf.zip"] = dripping(0.1)
    with worker(environment(kafka.bootstrap, **settings), tmp_path) as running:
        running.wait_for("Fetching the model https://")
        running.terminate()
        running.exit_code(20)


@pytest.mark.parametrize(
    ("address", "remedy"),
    [
        ("https://models.example/ztf.zip", "append #sha256="),
        (f"http://models.example/ztf.zip#sha256={'0' * 64}", "no other protocol than https"),
    ],
)
def test_an_address_that_is_refused(address: str, remedy: str, tmp_path: Path) -> None:
    by_key = command(
        "classify", str(SAMPLE), cwd=tmp_path, CLASSIFIER_STRATEGY="ZTF", MODEL_PATH=address
    )
    by_option = command("classify", "--survey", "ZTF", "--model", address, str(SAMPLE))
    for done, name in ((by_key, "MODEL_PATH"), (by_option, "--model")):
        assert done.returncode == 2
        assert f"{name} is '{address}': " in done.stderr
        assert remedy in done.stderr
        assert "Traceback" not in done.stderr
