"""The one door to TensorFlow and Keras: whoever comes through it gets them quiet and checked."""

from __future__ import annotations

import os

# All three are read once, by the imports below. With oneDNN TensorFlow computes the same, only
# faster; by itself it turns that on for some processors only.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import tensorflow as tf

from stampapp.errors import ConfigError

__all__ = ["keras", "tf"]

if keras.backend.backend() != "tensorflow":
    raise ConfigError(
        f"Keras runs on {keras.backend.backend()}: set KERAS_BACKEND=tensorflow, or remove it"
    )
