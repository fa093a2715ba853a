"""The graph of the Deep-HiTS network with metadata (Carrasco-Davis et al. 2021), untrained."""

from __future__ import annotations

from stampapp.classifiers.network.tensorflow import keras


def build_network(
    kernel: int, n_features: int, n_classes: int = 5, crop: int = 21, n_channels: int = 3
) -> keras.Model:
    """Return the network, untrained: images (n, crop, crop, channels), features (n, f) → (n, c).

    Images are NHWC and normalised, features clipped and normalised; the output is softmax
    probabilities; all are float32. `kernel` is the side of the second to fifth convolution.
    A saved network can be loaded without stampapp.
    """
    images = keras.Input((crop, crop, n_channels), dtype="float32", name="images")
    features = keras.Input((n_features,), dtype="float32", name="features")
    metadata = keras.layers.BatchNormalization(epsilon=1e-3, name="batchnorm_features")(features)
    x = keras.ops.concatenate([_image_branch(images, kernel), metadata], axis=1)
    x = _dense(64, "dense_2")(x)
    x = _dense(64, "dense_3")(x)
    logits = keras.layers.Dense(n_classes, name="output_logits")(x)
    return keras.Model([images, features], keras.ops.softmax(logits), name="deep_hits")


def _image_branch(images: keras.KerasTensor, kernel: int) -> keras.KerasTensor:
    turned = [keras.ops.rot90(images, k=k, axes=(1, 2)) for k in (1, 2, 3)]
    x = keras.ops.concatenate([images, *turned], axis=0)
    x = keras.layers.ZeroPadding2D(3, data_format="channels_last")(x)
    x = _convolution(32, 4, "valid", "conv_1")(x)
    x = _convolution(32, kernel, "same", "conv_2")(x)
    x = keras.layers.MaxPooling2D(2, data_format="channels_last")(x)
    for name in ("conv_3", "conv_4", "conv_5"):
        x = _convolution(64, kernel, "same", name)(x)
    x = keras.layers.MaxPooling2D(2, data_format="channels_last")(x)
    x = keras.layers.Flatten(data_format="channels_last")(x)
    x = _dense(64, "dense_1")(x)
    return keras.ops.mean(keras.ops.reshape(x, (4, -1, 64)), axis=0)


def _convolution(filters: int, side: int, padding: str, name: str) -> keras.layers.Layer:
    # The data format is given because a user's keras.json may set another default.
    return keras.layers.Conv2D(
        filters,
        side,
        padding=padding,
        activation="relu",
        data_format="channels_last",
        name=name,
    )


def _dense(units: int, name: str) -> keras.layers.Layer:
    return keras.layers.Dense(units, activation="relu", name=name)
