"""The compression codecs of Kafka."""

from __future__ import annotations

from enum import StrEnum


class Compression(StrEnum):
    """How a producer compresses batches of messages."""

    NONE = "none"
    GZIP = "gzip"
    SNAPPY = "snappy"
    LZ4 = "lz4"
    ZSTD = "zstd"
