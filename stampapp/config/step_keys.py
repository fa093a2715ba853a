"""Keys of ALeRCE's stamp classifier steps that stampapp does not read, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping

_SCHEMA = "the form of these messages is fixed, remove it"

# The pages docs/migration*.md have the same keys; a test compares them.
STEP_KEYS: Mapping[str, str] = {
    "CONSUMER_CLASS": "the consumer is fixed, remove it",
    "PRODUCER_TOPIC_STRATEGY_CLASS": "PRODUCER_TOPIC_FORMAT decides on the topic, remove it",
    "PRODUCER_SCHEMA_PATH": _SCHEMA,
    "SCRIBE_SCHEMA_PATH": _SCHEMA,
    # As the step spells it.
    "METRIS_SCHEMA_PATH": _SCHEMA,
    "LOGGING_DEBUG": "set LOG_LEVEL=DEBUG instead",
    # Of older releases.
    "BATCHES_IN_FLIGHT": "set IN_FLIGHT_MESSAGES to a number of messages instead, or remove it",
    "KAFKA_USERNAME": "rename it to CONSUMER_KAFKA_USERNAME",
    "KAFKA_PASSWORD": "rename it to CONSUMER_KAFKA_PASSWORD",
    "CLASSIFIER_NAME": "rename it to MODEL_NAME",
    "CLASSIFIER_VERSION": "rename it to MODEL_VERSION",
    # Of the step for Rubin.
    "CONFIG_YAML_PATH": "no YAML file is read, set the variables of docs/migration-rubin.md",
}
