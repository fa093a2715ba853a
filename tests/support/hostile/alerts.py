"""Alerts with missing, wrong or merely odd values."""

from __future__ import annotations

import gzip
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.support import atlas
from tests.support.alerts import EXTRA, SHAPE, container, fits, record, sky, stamps
from tests.support.hostile.expected import CLASSIFIED, AbortOnUnpickle, HostileMessage, bomb

Changes = dict[str, tuple[str, dict[str, Any]]]


def of_ztf() -> Iterator[HostileMessage]:
    for name, (outcome, changes) in {**_fields(), **_stamps(), **_odd()}.items():
        yield HostileMessage(name, outcome, container(record(aid=name.replace(" ", "-")) | changes))


def _fields() -> Changes:
    def extra(**values: object) -> dict[str, Any]:
        return {"extra_fields": EXTRA | values}

    without = {name: value for name, value in EXTRA.items() if name != "fwhm"}
    return {
        "mjd not a number": ("field", {"mjd": float("nan")}),
        "mjd infinite": ("field", {"mjd": float("inf")}),
        "no name": ("field", {"aid": ""}),
        "a name of 900 kB": ("field", {"aid": "A" * 900_000}),
        "no such difference": ("field", {"isdiffpos": 7}),
        "no such survey": ("survey", {"sid": "DES", "tid": "DES"}),
        "no fwhm": ("feature-missing", {"extra_fields": without}),
        "fwhm null": ("feature-ill-typed", extra(fwhm=None)),
        "fwhm a text": ("feature-ill-typed", extra(fwhm="2.25")),
        "fwhm a pickle": ("feature-ill-typed", extra(fwhm=pickle.dumps(AbortOnUnpickle()))),
        "fwhm not a number": ("feature-not-finite", extra(fwhm=float("nan"))),
    }


def _stamps() -> Changes:
    good = fits(sky())

    def science(data: bytes | None) -> dict[str, Any]:
        return {"stamps": stamps() | {"science": data}}

    packed_stamp = gzip.compress(good)
    sizes = {"10^9": 10**9, "-63": -63, "0": 0}
    return {
        "null for a stamp": ("stamp-missing", science(None)),
        "a stamp of nothing": ("stamp-missing", science(b"")),
        "a stamp no FITS": ("stamp-not-fits", science(b"no image")),
        "a stamp no FITS in gzip": ("stamp-not-fits", science(gzip.compress(b"no image"))),
        "gzip cut": ("stamp-damaged", science(packed_stamp[:99])),
        "gzip altered": ("stamp-damaged", science(packed_stamp[:-9] + b"\0" * 9)),
        "pixels cut": ("stamp-damaged", science(good[:9000])),
        "a gzip bomb of 1 GiB": ("stamp-too-large", science(bomb(1024, gzipped=True))),
        "wrong shape": ("stamp-shape", science(fits(sky(shape=(61, 63))))),
        "a cube": ("stamp-not-fits", science(fits(sky(), NAXIS=3, NAXIS3=1))),
        "BITPIX 10^9": ("stamp-not-fits", science(fits(sky(), BITPIX=10**9))),
        "NAXIS1 63.5": ("stamp-not-fits", science(fits(sky(), NAXIS1=63.5))),
        "BITPIX a text": ("stamp-not-fits", science(fits(sky(), BITPIX="'-32'"))),
        "BSCALE infinite": ("stamp-not-fits", science(fits(sky(), BSCALE="1E999"))),
        "a header without an end": ("stamp-not-fits", science(good.replace(b"END", b"FIN"))),
    } | {
        f"NAXIS1 {name}": ("stamp-shape", science(fits(sky(), NAXIS1=size)))
        for name, size in sizes.items()
    }


def _odd() -> Changes:
    """Return odd alerts, which are classified."""
    nothing = np.full(SHAPE, np.nan, np.float32)
    integers = fits(sky().astype(np.int16), BSCALE=0.5, BZERO=32768)
    one = {name: fits(sky(3)) for name in ("science", "template", "difference")}
    return {
        "stamps not a number": (CLASSIFIED, {"stamps": stamps() | {"science": fits(nothing)}}),
        "constant stamps": (CLASSIFIED, {"stamps": dict.fromkeys(one, fits(np.ones(SHAPE, "f4")))}),
        "integers": (CLASSIFIED, {"stamps": stamps() | {"science": integers}}),
        "plain FITS": (CLASSIFIED, {"stamps": one}),
        "a pickle that is not opened": (
            CLASSIFIED,
            {"extra_fields": EXTRA | {"prv_candidates": pickle.dumps(AbortOnUnpickle())}},
        ),
        "a place that is none": (CLASSIFIED, {"ra": 1e308, "dec": -1e308, "mjd": 1e308}),
    }


def of_atlas() -> Iterator[HostileMessage]:
    """Yield ATLAS alerts with misleading FITS headers."""
    cards: Changes = {
        "a matrix beyond reason": (CLASSIFIED, {"CD1_1": 1e300, "CD2_2": 1e300}),
        "a singular matrix": ("stamp-wcs", {"CD1_1": 0.0, "CD2_2": 0.0}),
        "a pole too far": ("stamp-wcs", {"CRVAL2": 1e9}),
        "a text for a place": ("stamp-wcs", {"CRVAL1": "'150.0'"}),
        "an infinite term": ("stamp-wcs", {"PV1_1": "1E999"}),
        "another projection": ("stamp-wcs", {"CTYPE1": "'RA---XYZ'"}),
        "no projection": ("stamp-wcs", {"CTYPE1": None}),
        "terms beyond reason": (
            CLASSIFIED,
            {f"PV{a}_{n}": 1e300 for a in (1, 2) for n in range(40)},
        ),
        "a filter of a long name": ("feature-ill-typed", {"FILTER": f"'{'o' * 60}'"}),
        "seeing not there": ("feature-missing", {"SEEING": None}),
        "airmass infinite": ("feature-not-finite", {"AIRMASS": "1E999"}),
        "cards twice": (CLASSIFIED, {"SIPA": "'x'", "COMMENT": "'CTYPE1'"}),
    }
    for name, (outcome, changes) in cards.items():
        stamps_of = {
            "science": atlas.stamp(**changes),
            "template": None,
            "difference": atlas.stamp(1),
        }
        changed = record(
            aid=name.replace(" ", "-"),
            sid="ATLAS",
            tid="ATLAS-01a",
            stamps=stamps_of,
            extra_fields={"rb": 0.5},
        )
        yield HostileMessage(name, outcome, container(changed))
