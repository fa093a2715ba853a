"""The stamps of ATLAS: 61 by 61 pixels, without the template, and with a WCS in each header."""

from __future__ import annotations

from stampapp.stamps.stamp_format import StampFormat

# What ATLAS writes where a star has saturated the camera.
SATURATED = -31415.0
# What is so far below any sky is no measurement.
NO_DATA_BELOW = -3e4

PLUGIN = StampFormat(names=("science", "difference"), no_data=SATURATED)
