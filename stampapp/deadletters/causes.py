"""The causes of dead letters: the meaning of each, and its remedy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Cause(NamedTuple):
    """What is wrong with a message, and what to do about it, in full sentences."""

    meaning: str
    remedy: str


_UPSTREAM = "Ask the owner of the producer of this topic; a replay would fail again."
_SURVEY = "Ask the survey to publish the alert again; a replay would fail again."
_FEATURE = (
    "Check whether the survey has renamed or removed the field, and whether MODEL_PATH is the right"
    " model for these alerts. Replay them with a model that does not need the field."
)

CAUSES: Mapping[str, Cause] = {
    "empty": Cause(
        "The message has no value: it may be a tombstone of a compacted topic.", _UPSTREAM
    ),
    "not-avro": Cause(
        "The message is neither an Avro object container nor in Confluent's wire format, and"
        " SCHEMA_PATH is not the schema of data without either.",
        "Check that CONSUMER_TOPICS names the right topic, and who else publishes to it; a replay"
        " would fail again.",
    ),
    "avro-damaged": Cause(
        "The Avro container is truncated, or its data do not match its schema or length.",
        "Check whether a producer or a mirror of the topic truncates messages; publish the alert"
        " again.",
    ),
    "codec": Cause(
        "The Avro container is compressed with a codec that stampapp does not read.",
        "Publish it with the codec null or deflate.",
    ),
    "schema": Cause(
        "The record is not of a known type, or its schema could exhaust the worker's memory.",
        "Check whether the survey has changed its packets. If so, stampapp must support them first;"
        " then replay.",
    ),
    "schema-unknown": Cause(
        "The message is in Confluent's wire format, and no source of schemas has the id of its"
        " schema.",
        "Set SCHEMA_REGISTRY_URL, put the schema into the folder of SCHEMA_PATH, or update the"
        " package with the survey's schemas; then replay.",
    ),
    "not-one-alert": Cause(
        "The Avro container does not hold exactly one record.",
        "Publish each alert in its own message.",
    ),
    "field": Cause(
        "A required field is missing, or its value has the wrong type.",
        "Check whether the survey has changed its packets. If so, stampapp must support them first;"
        " then replay. Otherwise ask the survey.",
    ),
    "survey": Cause(
        "The alert belongs to another survey than the one that this worker classifies.",
        "Check CLASSIFIER_STRATEGY and CONSUMER_TOPICS: each survey needs its own worker, topic and"
        " group. Then replay.",
    ),
    "stamp-missing": Cause("A stamp that the network needs is missing.", _SURVEY),
    "stamp-empty": Cause(
        "In the science or difference stamp, no pixel around the source has a value.", _SURVEY
    ),
    "stamp-damaged": Cause("A stamp cannot be decompressed, or is truncated.", _SURVEY),
    "stamp-not-fits": Cause("A stamp is not a two-dimensional FITS image.", _SURVEY),
    "stamp-too-large": Cause(
        "A stamp decompresses to more bytes than any stamp has; it may be malicious.", _SURVEY
    ),
    "stamp-shape": Cause(
        "A stamp does not have the size that the network needs: the object is at the edge of an"
        " image, or the survey has changed its stamps.",
        "A few of them are normal and cannot be classified. If there are many, the model must"
        " change.",
    ),
    "stamp-wcs": Cause("The header of a stamp has no usable sky coordinates (WCS).", _SURVEY),
    "feature-missing": Cause("A feature that the network needs is not in the alert.", _FEATURE),
    "feature-ill-typed": Cause("A feature that the network needs is not a number.", _FEATURE),
    "feature-not-finite": Cause("A feature that the network needs is infinite or NaN.", _SURVEY),
    "feature-out-of-range": Cause(
        "The features of the alert are so large that the network overflows.", _SURVEY
    ),
}
UNKNOWN = Cause(
    "Another version of stampapp wrote this dead letter; this version does not know the cause.",
    "Read its error message, or use the version in its header stampapp.version.",
)
