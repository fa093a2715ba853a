from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stampapp.classifiers.model_folder.self_test import read_self_test
from stampapp.classifiers.model_folder.store import Origin, read_description
from stampapp.classifiers.network.network import Network
from stampapp.commands.import_model import import_published_model, model_lines
from stampapp.config.model_address import model_path
from stampapp.errors import ConfigError
from tests.support.https_server import made_server
from tests.unit.classifiers.tf1_import.published import (
    FEATURES,
    Weights,
    forward,
    random_weights,
    statistics,
    with_optimizer,
    write_folder,
    zipped,
)

# Saving in Keras 3.15 triggers a deprecation warning of numpy 2.4.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

REAL_ZIP = Path(__file__).resolve().parents[4].parent / "shared/data/ztf_model_2020-06.zip"
KERNEL = "network/conv_2_2/conv2d/kernel"
# Only the test of the published shape needs its 5x5 kernels.
SMALL = random_weights(kernel=1)


def test_the_published_shape(tmp_path: Path) -> None:
    weights = random_weights(kernel=5, n_features=23)
    path = write_folder(tmp_path / "published", with_optimizer(weights))
    description, _ = import_published_model(path, tmp_path / "ztf", None)
    assert (description.kernel, len(description.features)) == (5, 23)
    rng = np.random.default_rng(3)
    images = rng.random((4, 21, 21, 3), dtype=np.float32)
    features = rng.standard_normal((4, 23), dtype=np.float32)
    network = Network.load(tmp_path / "ztf", description, buckets=(4,))
    found = network.predict(images, features)
    wanted = forward(weights, images, features)
    answers = read_self_test(tmp_path / "ztf", description)
    assert answers is not None
    again = network.predict(answers.images, answers.features)
    np.testing.assert_allclose(again, answers.probabilities, atol=1e-6)
    assert np.abs(found - wanted).max() < 2e-6
    assert np.ptp(wanted, axis=0).min() > 1e-3


def test_the_description(tmp_path: Path) -> None:
    packed = tmp_path / "model.zip"
    packed.write_bytes(zipped(write_folder(tmp_path / "published", with_optimizer(SMALL))))
    description, _ = import_published_model(packed, tmp_path / "ztf", None)
    digest = hashlib.sha256(packed.read_bytes()).hexdigest()
    assert description == read_description(tmp_path / "ztf")
    assert description.name == "stamp_classifier"
    assert description.version == f"staging_model-{digest[:8]}"
    assert description.origin is Origin.IMPORTED
    assert description.source == "staging_model in model.zip"
    assert description.source_sha256 == digest
    assert description.survey == "ZTF"
    assert description.classes == ("AGN", "SN", "VS", "asteroid", "bogus")
    assert description.stamps == ("science", "template", "difference")
    assert (description.stamp_shape, description.crop, description.kernel) == ((63, 63), 21, 1)
    assert tuple(feature.name for feature in description.features) == FEATURES
    first, *_, last = description.features
    assert (first.mean, first.std, first.lower, first.upper) == (0.0, 0.5, -1.0, None)
    assert (last.mean, last.std, last.lower, last.upper) == (22.0, 22.5, None, None)
    clips = {f.name: (f.lower, f.upper) for f in description.features}
    assert clips["fwhm"] == (None, 10.0)
    assert clips["magpsf"] == (None, None)
    assert clips["chinr"] == (-1.0, 15.0)


def test_a_zip_is_fetched_by_its_address(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = zipped(write_folder(tmp_path / "published", SMALL))
    digest = hashlib.sha256(body).hexdigest()
    with contextmanager(made_server)(tmp_path_factory) as server:
        server.answers["/model.zip"] = body
        monkeypatch.setenv("MODEL_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("MODEL_SSL_CAFILE", str(server.cafile))
        address = model_path(f"{server.url}/model.zip#sha256={digest}")
        description, _ = import_published_model(address, tmp_path / "ztf", None)
    assert description.source == "staging_model in model.zip"
    assert description.source_sha256 == digest
    assert description == read_description(tmp_path / "ztf")


def test_a_folder_is_known_by_its_data_file(tmp_path: Path) -> None:
    path = write_folder(tmp_path / "published", SMALL, "best")
    description, _ = import_published_model(path / "results" / "best", tmp_path / "ztf", None)
    data = path / "results/best/checkpoints/model.data-00000-of-00001"
    digest = hashlib.sha256(data.read_bytes()).hexdigest()
    assert description.source_sha256 == digest
    assert description.source == "best in checkpoints/model.data-00000-of-00001"
    assert description.version == f"best-{digest[:8]}"


def test_a_name_chooses(tmp_path: Path) -> None:
    path = write_folder(tmp_path / "published", SMALL, "a")
    write_folder(path, random_weights(kernel=3), "b")
    with pytest.raises(ConfigError, match="--name one of a, b"):
        import_published_model(path, tmp_path / "ztf", None)
    assert not (tmp_path / "ztf").exists()
    assert import_published_model(path, tmp_path / "ztf", "b")[0].kernel == 3
    assert import_published_model(path, tmp_path / "ztf", "a")[0].kernel == 1


def test_the_report(tmp_path: Path) -> None:
    path = write_folder(tmp_path / "published", SMALL)
    description, _ = import_published_model(path, tmp_path / "ztf", None)
    text = "\n".join(model_lines(description, tmp_path / "ztf"))
    for part in (
        "Imported staging_model in results/staging_model/checkpoints/model.data",
        f"into      {tmp_path / 'ztf'}",
        f"stamp_classifier {description.version}",
        "1x1 kernels",
        "AGN, SN, VS, asteroid, bogus",
        "23: sgscore1, fwhm, magpsf, chinr, feature_0",
    ):
        assert part in text


def _without(name: str) -> Callable[[Weights], Weights]:
    return lambda weights: {key: value for key, value in weights.items() if key != name}


def _with(name: str, value: Any) -> Callable[[Weights], Weights]:
    return lambda weights: weights | {name: np.asarray(value)}


MISFITS: list[tuple[Callable[[Weights], Weights], str]] = [
    *[(_without(name), f"lacks {name}$") for name in SMALL],
    *[
        (
            _with(name, np.zeros((*value.shape, 1), np.float32)),
            rf"{name} has the shape .*, 1\), not",
        )
        for name, value in SMALL.items()
    ],
    (
        _with("network/conv_4_5/conv2d/kernel", np.zeros((3, 3, 64, 64), np.float32)),
        r"conv_4_5/conv2d/kernel has the shape \(3, 3, 64, 64\), not \(1, 1, 64, 64\)",
    ),
    (
        _with(KERNEL, np.zeros((99, 1, 1, 1), np.float32)),
        rf"{KERNEL} has the shape \(99, 1, 1, 1\), not \(k, k, 32, 32\) with k up to 15",
    ),
    (_with(KERNEL, np.zeros((1, 1, 32, 32))), f"{KERNEL} is float64, not float32"),
    (
        _with("network/conv_6/kernel", np.ones(1, np.float32)),
        "has the unknown network/conv_6/kernel$",
    ),
    (
        _with("network/output_logits/bias", np.full(5, np.nan, np.float32)),
        "network/output_logits/bias has values that are not finite",
    ),
    (
        _with("network/batchnorm_features/moving_variance", np.full(23, -1, np.float32)),
        "moving_variance has values below 0",
    ),
]


@pytest.mark.parametrize(("change", "message"), MISFITS, ids=[message for _, message in MISFITS])
def test_a_checkpoint_that_does_not_fit(
    tmp_path: Path, change: Callable[[Weights], Weights], message: str
) -> None:
    path = write_folder(tmp_path / "published", change(SMALL))
    with pytest.raises(ConfigError, match=message):
        import_published_model(path, tmp_path / "ztf", None)
    assert not (tmp_path / "ztf").exists()


def test_the_features_of_the_statistics_must_be_those_of_the_graph(tmp_path: Path) -> None:
    stats = pickle.dumps(statistics(FEATURES[:-1]))
    path = write_folder(tmp_path / "published", SMALL, stats=stats)
    message = r"batchnorm_features/gamma has the shape \(23,\), not \(22,\)"
    with pytest.raises(ConfigError, match=message):
        import_published_model(path, tmp_path / "ztf", None)


class Evil:
    def __init__(self, command: str) -> None:
        self._command = command

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (self._command,)


@pytest.mark.parametrize(
    ("stats", "message"),
    [
        ([], "EMPTY_LIST"),
        ({}, "no table of 1 to 256 features"),
        (statistics(tuple(str(n) for n in range(257))), "no table of 1 to 256 features"),
        ({"ra": 1.0}, "ra is 1.0, not an object"),
        ({"ra": {"mean": 1.0}}, "ra lacks std"),
        ({"ra": {"mean": 1.0, "std": 1.0, "min": 0.0}}, "ra has the unknown min"),
        ({"ra": {"mean": np.float64("nan"), "std": 1.0}}, r"\(ra\)\.mean is nan"),
        ({"ra": {"mean": 1.0, "std": np.float64(0)}}, r"\(ra\)\.std is 0.0, not above 0"),
        ({"ra": {"mean": 1.0, "std": ()}}, r"\(ra\)\.std is of type tuple"),
        ({"": {"mean": 1.0, "std": 1.0}}, "name is '', not printable text"),
    ],
)
def test_statistics_that_are_none(tmp_path: Path, stats: object, message: str) -> None:
    path = write_folder(tmp_path / "published", SMALL, stats=pickle.dumps(stats))
    with pytest.raises(ConfigError, match=rf"feature_norm_stats\.pkl is refused: .*{message}"):
        import_published_model(path, tmp_path / "ztf", None)


def test_a_malicious_pickle_does_nothing(tmp_path: Path) -> None:
    evil = pickle.dumps({"ra": Evil(f"touch {tmp_path / 'called'}")})
    path = write_folder(tmp_path / "published", SMALL, stats=evil)
    with pytest.raises(ConfigError, match=r"it calls '\w+ system'"):
        import_published_model(path, tmp_path / "ztf", None)
    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize("file", ["model.index", "model.data-00000-of-00001"])
@pytest.mark.parametrize("damage", ["cut", "bit flipped", "emptied"])
def test_a_damaged_checkpoint(tmp_path: Path, file: str, damage: str) -> None:
    path = write_folder(tmp_path / "published", SMALL)
    target = path / "results/staging_model/checkpoints" / file
    content = target.read_bytes()
    middle = len(content) // 2
    flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    target.write_bytes({"cut": content[:middle], "bit flipped": flipped, "emptied": b""}[damage])
    with pytest.raises(ConfigError, match=r"staging_model in .*cannot be read"):
        import_published_model(path, tmp_path / "ztf", None)
    assert not (tmp_path / "ztf").exists()


@pytest.mark.skipif(not REAL_ZIP.exists(), reason=f"the survey data is absent: {REAL_ZIP}")
def test_the_weights_of_june_2020(tmp_path: Path) -> None:
    description, _ = import_published_model(REAL_ZIP, tmp_path, None)
    assert (description.kernel, len(description.features)) == (3, 26)
    assert description.source == "best_model_so_far in ztf_model_2020-06.zip"
    clips = {f.name: (f.lower, f.upper) for f in description.features}
    open_ends = ("isdiffpos", "magpsf", "sigmapsf", "ra", "dec", "diffmaglim", "rb", "classtar")
    coordinates = ("ecl_lat", "ecl_long", "gal_lat", "gal_long")
    at_least = ("sgscore1", "sgscore2", "sgscore3", "distpsnr1", "distpsnr2", "distpsnr3")
    assert clips == {
        **dict.fromkeys((*open_ends, *coordinates), (None, None)),
        **dict.fromkeys((*at_least, "distnr", "magnr"), (-1.0, None)),
        "fwhm": (None, 10.0),
        "ndethist": (None, 20.0),
        "ncovhist": (None, 3000.0),
        "non_detections": (None, 2000.0),
        "chinr": (-1.0, 15.0),
        "sharpnr": (-1.0, 1.5),
    }
    images = np.zeros((1, 21, 21, 3), np.float32)
    found = Network.load(tmp_path, description, buckets=(1,)).predict(
        images, np.zeros((1, 26), np.float32)
    )
    assert abs(float(found.sum()) - 1.0) < 1e-6
