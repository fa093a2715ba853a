"""The stamps of LSST: FITS with three images each, of which the first has the pixels, in nJy."""

from __future__ import annotations

from stampapp.stamps.stamp_format import StampFormat

PIXEL_SCALE = 0.2

PLUGIN = StampFormat(names=("science", "template", "difference"), pixel_scale=PIXEL_SCALE)
