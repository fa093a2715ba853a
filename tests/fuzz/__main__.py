"""Coverage-guided fuzzing of everything that parses untrusted bytes: `make fuzz SECONDS=600`.

The first byte of an input selects the target. Fuzzing stops at an input that leads to an exception
other than BadAlert, or exceeds the limits on time and memory. The input is then in the working
directory; `python -m tests.fuzz FILE` repeats it.
"""

from __future__ import annotations

import gzip
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["stampapp"]):
    from tests.conftest import SHARED_DATA
    from tests.fuzz.engine_targets import DESCRIPTION
    from tests.fuzz.targets import TARGETS
    from tests.support import alert_messages, atlas, lsst_stamps, packets
    from tests.support.alerts import container, fits, record, sky

MAX_BYTES = 100_000
# NumPy, Astropy and the fuzzer itself take some 300 MB.
LIMITS = (f"-max_len={MAX_BYTES}", "-timeout=2", "-rss_limit_mb=600")


def fuzz_one(data: bytes) -> None:
    if data:
        TARGETS[data[0] % len(TARGETS)](data[1:])


def seeds() -> Iterator[tuple[int, bytes]]:
    """Yield (target, input) to start from; real alerts are included if available."""
    yield from ((0, container(record(), codec=codec)) for codec in ("null", "deflate"))
    yield from ((0, packets.raw_ztf()), (0, packets.raw_atlas()))
    yield from ((1, fits(sky())), (1, gzip.compress(fits(sky().astype("i2"), BZERO=32768.0))))
    yield from ((2, atlas.stamp()), (2, gzip.compress(atlas.stamp(1))))
    yield from (
        (3, lsst_stamps.cutout(sky(1, (31, 48)))),
        (3, lsst_stamps.cutout(sky(2, (11, 11)))),
    )
    yield from ((4, bytes(range(8))), (5, DESCRIPTION))
    yield from ((6, bytes([20, 1, *[4] * 11, 3])), (6, bytes([29, 0, 3, *[8] * 5, *[7] * 5, 1])))
    if SHARED_DATA.is_dir():
        yield from _real(SHARED_DATA)


def _real(folder: Path) -> Iterator[tuple[int, bytes]]:
    _, alerts = alert_messages.records(folder / "ztf_sorting_hat.avro")
    for one in alerts[:20]:
        for stamp in one["stamps"].values():
            yield from ((1, stamp), (1, gzip.decompress(stamp)))
    sources = [*sorted((folder / "ztf_raw").iterdir())[:10], *(folder / "atlas_raw").glob("*.avro")]
    for path in sources:
        yield 0, path.read_bytes()
    for packet in atlas.packets(folder).values():
        yield 0, atlas.messages([atlas.to_sorting_hat(packet)])[0].value or b""
        yield 2, alert_messages.decoded([packet])[0]["cutoutScience"]["stampData"]


def main() -> None:
    with tempfile.TemporaryDirectory() as corpus:
        for number, (target, data) in enumerate(seeds()):
            Path(corpus, f"seed-{number}").write_bytes(bytes([target]) + data)
        # A file named on the command line is tried alone.
        single_file = any(Path(argument).is_file() for argument in sys.argv[1:])
        atheris.Setup([*sys.argv, *LIMITS, *([] if single_file else [corpus])], fuzz_one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
