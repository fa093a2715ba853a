"""Hashes that distinguish versions of the simulation: one for model cards, one for the cache."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

from stampapp.alerts.alert import LabelledAlert
from stampapp.alerts.surveys import Survey

# Some four of each class: a second or so of simulation.
HASHED_ALERTS = 20
_SEED = 0
_GZIP = b"\x1f\x8b"
# The packages whose code decides what cached examples contain.
_PACKAGES = ("alerts", "classifiers", "features", "simulation", "stamps")


def alerts_sha256(
    simulate_alert: Callable[[Survey, int, int], LabelledAlert], survey: Survey
) -> str:
    """Return the SHA-256 of the first 20 simulated alerts of a survey, of seed 0.

    It covers their classes, all their fields and the uncompressed bytes of their stamps, and so
    stays the same when code is only renamed, moved or divided. It changes with the simulation of
    this survey, and where another processor or another version of NumPy, SciPy, GalSim or Astropy
    computes another last digit. What happens in none of the 20 alerts goes unnoticed.
    """
    digest = hashlib.sha256()
    for index in range(HASHED_ALERTS):
        for part in _content(simulate_alert(survey, _SEED, index)):
            digest.update(part)
    return digest.hexdigest()


def _content(one: LabelledAlert) -> Iterator[bytes]:
    alert = one.alert
    # Values without the names of attributes, which may change.
    identity = (one.label, alert.survey, alert.aid, alert.oid, alert.candid, alert.fid)
    numbers = (alert.mjd, alert.ra, alert.dec, alert.mag, alert.e_mag, alert.isdiffpos)
    extra = sorted(alert.extra_fields.items())
    yield json.dumps([*map(str, identity), *map(float, numbers), extra], default=float).encode()
    for name, stamp in sorted(alert.stamps.items()):
        # Compressed bytes may differ by the version of the compressor.
        data = gzip.decompress(stamp) if stamp and stamp.startswith(_GZIP) else stamp or b""
        yield f"{name} {len(data)}".encode()
        yield data


def sources_sha256() -> str:
    """Return the SHA-256 of the source files that simulate and prepare alerts, without their names.

    Any change of this code changes it, and alerts in a cache are then simulated again.
    """
    root = Path(str(files("stampapp")))
    paths = (path for name in _PACKAGES for path in (root / name).rglob("*.py"))
    digest = hashlib.sha256()
    for source in sorted(path.read_bytes() for path in paths):
        digest.update(hashlib.sha256(source).digest())
    return digest.hexdigest()
