"""Select the device for TensorFlow, and reduce the precision of a network."""

from __future__ import annotations

from contextlib import suppress

from stampapp.classifiers.network import hardware
from stampapp.classifiers.network.tensorflow import keras, tf
from stampapp.config.compute import ComputeSettings, Device, Precision
from stampapp.errors import ConfigError

# All that sees images; what follows them is small, and stays in float32.
_REDUCED = (
    keras.layers.ZeroPadding2D,
    keras.layers.Conv2D,
    keras.layers.MaxPooling2D,
    keras.layers.Flatten,
)


def prepare_device(compute: ComputeSettings) -> Device:
    """Make TensorFlow use the requested device, and return which it is.

    Raises ConfigError where the machine lacks it, and where TensorFlow has already computed
    something with a GPU in this process. Then the number of threads stays what it is, too.
    """
    gpus = tf.config.list_physical_devices("GPU")
    device = hardware.choose_device(compute.device, len(gpus))
    hardware.check_precision(compute.precision, device, hardware.processor_flags())
    if gpus and device is Device.CPU:
        _hide_gpus()
    if compute.threads is not None:
        # A program that has used TensorFlow before has chosen its threads.
        with suppress(RuntimeError):
            tf.config.threading.set_intra_op_parallelism_threads(compute.threads)
    return device


def _hide_gpus() -> None:
    try:
        tf.config.set_visible_devices([], "GPU")
    except RuntimeError as error:
        raise ConfigError(
            "DEVICE is cpu, but TensorFlow already uses the GPU in this process: start a new"
            " process, or set DEVICE=gpu"
        ) from error


def device_name(device: Device) -> str:
    """Return the name of the device for people."""
    if device is Device.CPU:
        return "the CPU"
    gpu = tf.config.list_physical_devices("GPU")[0]
    details = tf.config.experimental.get_device_details(gpu)
    return f"the GPU {details.get('device_name', gpu.name)}"


def with_precision(model: keras.Model, precision: Precision) -> keras.Model:
    """Return the network with its convolutions in this precision; inputs and outputs are float32.

    The weights stay as they are: they are rounded when they are used.
    """
    if precision is Precision.FLOAT32:
        return model
    copy = keras.models.clone_model(model, clone_function=_reduced_layer)
    copy.set_weights(model.get_weights())
    return copy


def _reduced_layer(layer: keras.layers.Layer) -> keras.layers.Layer:
    config = layer.get_config()
    if isinstance(layer, _REDUCED):
        config["dtype"] = f"mixed_{Precision.BFLOAT16}"
    return type(layer).from_config(config)
