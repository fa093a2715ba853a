"""The causes of dead letters: what each means, and what is to be done about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Cause(NamedTuple):
    """What has happened, and who can do what about it: a sentence each."""

    meaning: str
    remedy: str


_UPSTREAM = "Ask whoever publishes the topic; a replay would fail again."
_SURVEY = "Ask the survey; a replay would fail again until the alert is published anew."
_FEATURE = (
    "See whether the survey has renamed or dropped it, and whether the model is the one for these"
    " alerts (MODEL_PATH); replay it under a model that does without."
)

CAUSES: Mapping[str, Cause] = {
    "empty": Cause(
        "The message has no value: it may be a tombstone of a compacted topic.", _UPSTREAM
    ),
    "not-avro": Cause(
        "The message is no Avro object container: something else is published on the topic.",
        "See whether CONSUMER_TOPICS names the right topic, and who else writes to it; a replay"
        " would fail again.",
    ),
    "avro-damaged": Cause(
        "The container is cut short, or its bytes contradict its schema or length.",
        "See whether a producer or a copy of the topic cuts messages; publish the alert anew.",
    ),
    "codec": Cause(
        "The container is compressed by a codec that is not read here.",
        "Have it published with the codec null or deflate.",
    ),
    "schema": Cause(
        "The record is of none of the known kinds, or its schema could harm the worker.",
        "See whether the survey has changed its packet: then stampapp has to learn it first, and a"
        " replay will do.",
    ),
    "not-one-alert": Cause(
        "The container does not hold exactly one record.", "Have each alert published by itself."
    ),
    "field": Cause(
        "A field that every alert needs is missing, or is no such value.",
        "See whether the survey has changed its packet: then stampapp has to learn it first, and a"
        " replay will do. Otherwise ask the survey.",
    ),
    "survey": Cause(
        "The alert is of another survey than the one that is classified here.",
        "See CLASSIFIER_STRATEGY and CONSUMER_TOPICS: one worker, topic and group a survey. A"
        " replay does once they agree.",
    ),
    "stamp-missing": Cause("One of the stamps that the network sees is not there.", _SURVEY),
    "stamp-damaged": Cause(
        "A stamp cannot be unpacked, or ends too early: its bytes have suffered.", _SURVEY
    ),
    "stamp-not-fits": Cause("A stamp is no FITS image of two dimensions.", _SURVEY),
    "stamp-too-large": Cause(
        "A stamp unpacks to more than any stamp has: it may be meant to do harm.", _SURVEY
    ),
    "stamp-shape": Cause(
        "A stamp has another number of pixels than the network sees: the object is at the edge of"
        " an image, or the survey has changed its stamps.",
        "Nothing, if they are few: such alerts cannot be classified. If they are many, the model"
        " must change.",
    ),
    "stamp-wcs": Cause("The header of a stamp does not say where on the sky it lies.", _SURVEY),
    "feature-missing": Cause("A number that the network needs is not in the alert.", _FEATURE),
    "feature-ill-typed": Cause("What should be a number for the network is none.", _FEATURE),
    "feature-not-finite": Cause("A number for the network is infinite or not a number.", _SURVEY),
    "feature-out-of-range": Cause(
        "The numbers of the alert are so large that the network overflows.", _SURVEY
    ),
}
UNKNOWN = Cause(
    "This version knows no such cause: another one has written the dead letter.",
    "Read its message, or look it up with the version that stampapp.version names.",
)
