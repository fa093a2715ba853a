"""The stamps of ZTF: 63 by 63 pixels; their headers say neither scale nor orientation."""

from __future__ import annotations

from stampapp.stamps.stamp_format import StampFormat

PLUGIN = StampFormat(
    names=("science", "template", "difference"), pixel_scale=1.01, difference_is_turned=True
)
