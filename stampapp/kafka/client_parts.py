"""Check the native parts of aiokafka, without which it starts all the same."""

from __future__ import annotations

from aiokafka import codec
from aiokafka.record import default_records

from stampapp.errors import ConfigError
from stampapp.kafka.compression import Compression

_FUNCTIONS = {
    Compression.GZIP: (codec.gzip_encode, codec.gzip_decode),
    Compression.SNAPPY: (codec.snappy_encode, codec.snappy_decode),
    Compression.LZ4: (codec.lz4_encode, codec.lz4_decode),
    Compression.ZSTD: (codec.zstd_encode, codec.zstd_decode),
}
_SAMPLE = b"stampapp" * 8


def require_codecs() -> None:
    """Raise ConfigError unless batches of every codec can be read and written."""
    broken = [one for one in _FUNCTIONS if not _works(one)]
    if broken:
        raise ConfigError(
            f"the Kafka client cannot use the codecs {', '.join(broken)}: the Python package"
            " cramjam is missing or does not work on this machine; install cramjam as"
            " requirements/base.txt pins it"
        )


def _works(one: Compression) -> bool:
    encode, decode = _FUNCTIONS[one]
    try:
        return bool(decode(encode(_SAMPLE)) == _SAMPLE)
    except Exception:  # whatever a broken native library raises
        return False


def slow_client_warning() -> str | None:
    """Return a warning if aiokafka runs without its compiled part; None if it has it."""
    if default_records.DefaultRecordBatch is not default_records._DefaultRecordBatchPy:
        return None
    # It computes checksums of 4 MiB a second on one processor, the compiled part 1 GiB.
    return (
        "the Kafka client runs without its compiled part, and reads a hundred times slower: unset"
        " AIOKAFKA_NO_EXTENSIONS, or install a wheel of aiokafka for this platform"
    )
