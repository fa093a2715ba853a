"""Alerts of ZTF, and models of both published shapes for them."""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.sample_alerts import ROOT, SHARED_DATA, Sample, simulate_sample, undecided
from stampapp.alerts.surveys import Survey
from stampapp.classifiers.model_folder import store
from tests.support import alert_messages
from tests.support.models import write_random
from tests.support.worker import command

SHIPPED = ROOT / "model" / "ztf"
# The shape of Carrasco-Davis et al. 2021.
KERNEL, FEATURES = 5, 23
SEED = 1


def load_sample(folder: Path) -> Sample:
    """Return real alerts with the weights of 2020-06 if available, else simulated alerts."""
    if not SHARED_DATA.is_dir():
        return simulate_sample(Survey.ZTF, SHIPPED)
    model = folder / "model"
    # In another process, because TensorFlow's threads are configured before its first use.
    archive = SHARED_DATA / "ztf_model_2020-06.zip"
    command("import-model", str(archive), "--into", str(model)).check_returncode()
    schema, records = alert_messages.records(SHARED_DATA / "ztf_sorting_hat.avro")
    alerts = undecided(Survey.ZTF, schema, records)
    return Sample(
        origin=f"{len(alerts)} real alerts of ZTF",
        survey=Survey.ZTF,
        model=model,
        schema=schema,
        alerts=alerts,
    )


def shipped_sample() -> Sample:
    """Return the alert and the model of this repository, which need no preparation."""
    schema, records = alert_messages.records(SHIPPED / "sample.avro")
    return Sample(
        origin="the sample alert of model/ztf",
        survey=Survey.ZTF,
        model=SHIPPED,
        schema=schema,
        alerts=undecided(Survey.ZTF, schema, records),
    )


def models(folder: Path, sample: Sample) -> dict[str, Path]:
    """Return models by name: that of the sample, and one of the published shape."""
    name = "model/ztf" if sample.model == SHIPPED else "2020-06"
    return {name: sample.model, "5x5": published_shape(folder)}


def published_shape(folder: Path) -> Path:
    """Write a model of the published 5x5 shape, with random weights, and return its folder."""
    model = folder / "published-shape"
    arguments = [sys.executable, "-m", "benchmarks.ztf_sample", str(model)]
    # In another process, as above.
    subprocess.run(arguments, cwd=ROOT, check=True)
    return model


def _write_published_shape(folder: Path) -> None:
    shipped = store.read_description(SHIPPED)
    described = replace(
        shipped, name="published_shape", kernel=KERNEL, features=shipped.features[:FEATURES]
    )
    write_random(folder, described, SEED)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write a model of the published 5x5 shape.")
    parser.add_argument("folder", type=Path)
    _write_published_shape(parser.parse_args().folder)
