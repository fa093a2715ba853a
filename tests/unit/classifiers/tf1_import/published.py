"""A published model with random weights, and its network in plain numpy."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stampapp.classifiers.network.tensorflow import tf

Array = npt.NDArray[np.float32]
Weights = dict[str, Array]
Doubles = npt.NDArray[np.float64]
FEATURES = ("sgscore1", "fwhm", "magpsf", "chinr", *(f"feature_{n}" for n in range(19)))


def random_weights(kernel: int = 5, n_features: int = 23, seed: int = 0) -> Weights:
    """Return variables under their published names, scaled so that nothing saturates."""
    rng = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, ...]] = {"network/conv_1_1/conv2d": (4, 4, 3, 32)}
    for scope, (n_in, n_out) in {
        "conv_2_2": (32, 32),
        "conv_3_4": (32, 64),
        "conv_4_5": (64, 64),
        "conv_5_6": (64, 64),
    }.items():
        shapes[f"network/{scope}/conv2d"] = (kernel, kernel, n_in, n_out)
    shapes["network/dense_1_10/dense_1_10"] = (2304, 64)
    shapes["network/dense_2_12/dense_2_12"] = (64 + n_features, 64)
    shapes["network/dense_3_13/dense_3_13"] = (64, 64)
    shapes["network/output_logits"] = (64, 5)
    weights: Weights = {}
    for scope, shape in shapes.items():
        scale = np.sqrt(2.0 / np.prod(shape[:-1]))
        weights[f"{scope}/kernel"] = (rng.standard_normal(shape) * scale).astype(np.float32)
        weights[f"{scope}/bias"] = rng.normal(0.0, 0.1, shape[-1:]).astype(np.float32)
    for name in ("gamma", "beta", "moving_mean", "moving_variance"):
        values = rng.uniform(0.5, 1.5, n_features).astype(np.float32)
        weights[f"network/batchnorm_features/{name}"] = values
    return weights


def with_optimizer(weights: Weights) -> Weights:
    """Return the variables together with those that Adam leaves in a checkpoint."""
    slots = {f"{name}/{slot}": w * 0 for name, w in weights.items() for slot in ("Adam", "Adam_1")}
    scalars = ("beta1_power", "beta2_power", "learning_rate")
    return weights | slots | {f"optimizer/{name}": np.ones(1, np.float32) for name in scalars}


def statistics(features: tuple[str, ...] = FEATURES) -> dict[str, dict[str, object]]:
    """Return what `feature_norm_stats.pkl` holds: numpy scalars, as pandas gives them."""
    return {
        name: {"mean": np.float64(number), "std": np.float64(number + 0.5)}
        for number, name in enumerate(features)
    }


def write_folder(
    root: Path,
    weights: Weights,
    name: str = "staging_model",
    stats: bytes | None = None,
) -> Path:
    """Write results/<name> beneath `root`, as it is published, and return `root`."""
    home = root / "results" / name
    (home / "checkpoints").mkdir(parents=True)
    (home / "feature_norm_stats.pkl").write_bytes(
        pickle.dumps(statistics(), protocol=4) if stats is None else stats
    )
    tf.raw_ops.SaveV2(
        prefix=str(home / "checkpoints" / "model"),
        tensor_names=list(weights),
        shape_and_slices=[""] * len(weights),
        tensors=[tf.constant(weight) for weight in weights.values()],
    )
    return root


def zipped(folder: Path) -> bytes:
    """Return the folder as a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.rglob("*")):
            file.write(path, path.relative_to(folder).as_posix())
    return buffer.getvalue()


def forward(weights: Weights, images: Array, features: Array) -> Doubles:
    """Return what the network gives, from its description and in float64."""
    w = {name.removeprefix("network/"): v.astype(np.float64) for name, v in weights.items()}
    hidden = np.mean(
        [_turned(w, np.rot90(images.astype(np.float64), k, axes=(1, 2))) for k in range(4)], axis=0
    )
    norm = {name.rpartition("/")[2]: v for name, v in w.items() if name.startswith("batchnorm")}
    scaled = (features - norm["moving_mean"]) / np.sqrt(norm["moving_variance"] + 1e-3)
    x = np.concatenate([hidden, scaled * norm["gamma"] + norm["beta"]], axis=1)
    x = _relu(_dense(w, "dense_2_12/dense_2_12", x))
    x = _relu(_dense(w, "dense_3_13/dense_3_13", x))
    logits = _dense(w, "output_logits", x)
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))


def _turned(w: dict[str, Doubles], x: Doubles) -> Doubles:
    x = _convolved(w, "conv_1_1", np.pad(x, ((0, 0), (3, 3), (3, 3), (0, 0))), pad=0)
    side = w["conv_2_2/conv2d/kernel"].shape[0]
    x = _pooled(_convolved(w, "conv_2_2", x, pad=side // 2))
    for scope in ("conv_3_4", "conv_4_5", "conv_5_6"):
        x = _convolved(w, scope, x, pad=side // 2)
    return _relu(_dense(w, "dense_1_10/dense_1_10", _pooled(x).reshape(len(x), -1)))


def _convolved(w: dict[str, Doubles], scope: str, x: Doubles, pad: int) -> Doubles:
    kernel, bias = w[f"{scope}/conv2d/kernel"], w[f"{scope}/conv2d/bias"]
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2], axis=(1, 2))
    return _relu(np.einsum("nyxcij,ijcf->nyxf", windows, kernel, optimize=True) + bias)


def _pooled(x: Doubles) -> Doubles:
    n, rows, columns, channels = x.shape
    return np.asarray(x.reshape(n, rows // 2, 2, columns // 2, 2, channels).max(axis=(2, 4)))


def _dense(w: dict[str, Doubles], scope: str, x: Doubles) -> Doubles:
    return np.asarray(x @ w[f"{scope}/kernel"] + w[f"{scope}/bias"])


def _relu(x: Doubles) -> Doubles:
    return np.maximum(x, 0.0)
