"""Whether TensorFlow is installed, without its import, which takes seconds."""

from __future__ import annotations

from importlib.util import find_spec

from stampapp.errors import ConfigError


def require_tensorflow() -> None:
    """Raise ConfigError where TensorFlow is not installed."""
    if find_spec("tensorflow") is None:
        raise ConfigError(
            "TensorFlow is not installed, which trains and imports models and runs networks on"
            " GPUs, in bfloat16, or that the native engine cannot run: use the image with"
            " TensorFlow (`make image`), or `pip install tensorflow`"
        )
