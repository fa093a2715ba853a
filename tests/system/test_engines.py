"""What a worker is, and is not, on each inference engine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.support.apache_kafka import ApacheKafka
from tests.support.native import needs_native
from tests.support.topics import produce
from tests.support.web import address, get
from tests.support.worker import Worker, command, worker
from tests.system.conftest import environment
from tests.system.survey_setups import SurveySetup

# MiB. TensorFlow alone takes more than twice as much.
MOST_MEMORY = 300


def mapped(running: Worker) -> str:
    """Return the files that the process has mapped, its libraries among them."""
    return Path(f"/proc/{running.process.pid}/maps").read_text()


def peak_memory(running: Worker) -> int:
    """Return the most MiB that the process has ever held."""
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    (line,) = (one for one in status.splitlines() if one.startswith("VmHWM:"))
    return int(line.split()[1]) // 1024


@needs_native
def test_a_worker_classifies_on_the_native_engine_without_tensorflow(
    kafka: ApacheKafka, ztf_setup: SurveySetup, tmp_path: Path
) -> None:
    setup = environment(kafka.bootstrap, **ztf_setup.settings) | {"INFERENCE_ENGINE": "native"}
    sent = ztf_setup.sent[-200:]
    produce(kafka.bootstrap, setup["CONSUMER_TOPICS"], sent)
    with worker(setup, tmp_path) as running:
        running.wait_for(f"{len(sent)} in all")
        assert "; the network runs on the native engine (" in running.text()
        state = json.loads(get(f"{address(running)}/readyz")[2])
        assert state["engine"] == "native"
        assert state["instruction_set"]
        assert state["engine_reason"] is None
        assert "_deep_hits" in mapped(running)
        assert "tensorflow" not in mapped(running)
        assert peak_memory(running) < MOST_MEMORY


@needs_native
def test_a_model_without_a_self_test_is_refused_where_the_native_engine_must_be_used(
    kafka: ApacheKafka, ztf_setup: SurveySetup, tmp_path: Path
) -> None:
    folder = shutil.copytree(ztf_setup.settings["MODEL_PATH"], tmp_path / "older")
    (folder / "self_test.npz").unlink()
    setup = environment(kafka.bootstrap, **ztf_setup.settings) | {"MODEL_PATH": str(folder)}
    done = command("worker", cwd=tmp_path, **setup, INFERENCE_ENGINE="native")
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert "stampapp cannot start: INFERENCE_ENGINE is native, but" in last
    assert f"`faust -A stampapp add-self-test {folder}` adds" in last
    with worker(setup, tmp_path) as running:
        state = json.loads(get(f"{address(running)}/readyz")[2])
    assert state["engine"] == "tensorflow"
    assert "has no self-test of its network" in state["engine_reason"]
    assert f"TensorFlow, because {folder} has no self-test" in running.text()
