"""One stamp of 17 by 17 pixels."""

from __future__ import annotations

from stampapp.stamps.stamp_format import StampFormat

PLUGIN = StampFormat(names=("picture",), pixel_scale=3.0)
