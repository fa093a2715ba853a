"""Import TensorFlow and Keras without their start-up messages; all others import them from here."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from stampapp.classifiers.network.tensorflow_installed import require_tensorflow
from stampapp.classifiers.network.unused_packages import hidden_packages
from stampapp.errors import ConfigError

require_tensorflow()

# All three are read once, by the imports below. With oneDNN TensorFlow computes the same, only
# faster; by itself it turns that on for some processors only.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

_STARTUP_LINES = re.compile(
    rb"WARNING: All log messages before absl|[IW]\d{4} \d\d:\d\d:\d\d|[IW]0000 "
)


def _scratch() -> BinaryIO:
    # In memory where possible: the file system may be read-only.
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("stderr"), "w+b")
    return tempfile.TemporaryFile()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep TensorFlow's first messages off stderr: they come before its log level applies.

    Whatever else is written meanwhile, also by other threads, is shown afterwards.
    """
    sys.stderr.flush()
    stderr = os.dup(2)
    with _scratch() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            held.seek(0)
            os.write(2, b"".join(line for line in held if not _STARTUP_LINES.match(line)))


# Keras imports these where they are installed, for parts of it that nothing here uses. They take a
# third of the time of its import and TensorFlow's: 1.2 of 3.7 s of a processor.
_UNUSED = ("cv2", "matplotlib", "pandas", "sklearn")

with _quiet(), hidden_packages(_UNUSED):
    import keras
    import tensorflow as tf

__all__ = ["keras", "tf"]

if keras.backend.backend() != "tensorflow":
    raise ConfigError(
        f"Keras runs on {keras.backend.backend()}: set KERAS_BACKEND=tensorflow, or unset it"
    )
