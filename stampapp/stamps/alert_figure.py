"""Draw all stamps of an alert in one annotated figure."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from stampapp import times
from stampapp.alerts.alert import Alert
from stampapp.errors import BadAlert, ConfigError
from stampapp.stamps import stamp_image, stretch
from stampapp.stamps.orientation import Orientation
from stampapp.stamps.stamp_format import stamp_format

SIDE = 320
_MARGIN, _TOP, _TITLE, _BOTTOM = 16, 66, 22, 26
_PAPER, _INK, _FAINT = (255, 255, 255), (20, 20, 20), (105, 105, 105)
_ON_DARK, _ON_LIGHT = (255, 176, 0), (60, 60, 60)
_BAR_ARCSEC = 10


def save_figure(alert: Alert, path: Path) -> None:
    """Write the figure as a PNG. Raises ConfigError if the file cannot be written."""
    picture = draw_figure(alert)
    try:
        picture.save(path, format="PNG", optimize=True)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror or error}") from error


def draw_figure(alert: Alert) -> Image.Image:
    """Return the stamps side by side; where one cannot be read, its place has the reason."""
    names = stamp_format(alert.survey).names
    width = _MARGIN + len(names) * (SIDE + _MARGIN)
    picture = Image.new("RGB", (width, _TOP + _TITLE + SIDE + _BOTTOM), _PAPER)
    sheet = ImageDraw.Draw(picture)
    sheet.text((_MARGIN, 14), _title(alert), _INK, _font(17))
    sheet.text((_MARGIN, 40), _subtitle(alert), _FAINT, _font(13))
    for number, name in enumerate(names):
        left = _MARGIN + number * (SIDE + _MARGIN)
        sheet.text((left, _TOP), name, _INK, _font(14))
        _Panel(picture, left, _TOP + _TITLE).fill(alert, name)
    return picture


class _Panel:
    """The part of the figure that shows one stamp."""

    def __init__(self, picture: Image.Image, left: int, top: int) -> None:
        self._picture, self._sheet = picture, ImageDraw.Draw(picture)
        self._left, self._top = left, top
        self._mark = _ON_DARK

    def fill(self, alert: Alert, name: str) -> None:
        try:
            drawn = stamp_image.draw_stamp(alert, name)
        except BadAlert as error:
            self._write_problem(str(error))
            return
        orientation, pixels = drawn.orientation, drawn.pixels
        self._paste(drawn.colours)
        self._mark = _ON_LIGHT if name == "difference" else _ON_DARK
        self._mark_centre()
        self._compass(orientation)
        if drawn.pixel_scale:
            self._scale_bar(drawn.pixel_scale, max(pixels.shape))
        legend = ", red brighter, blue fainter" if name == "difference" else ""
        self._note(f"{_range(pixels)}, arcsinh{legend}")

    def _paste(self, colours: stretch.Colours) -> None:
        image = Image.fromarray(colours)
        ratio = SIDE / max(image.size)
        size = [max(1, round(length * ratio)) for length in image.size]
        self._picture.paste(
            image.resize((size[0], size[1]), Image.Resampling.NEAREST), (self._left, self._top)
        )
        self._frame()

    def _frame(self) -> None:
        right, bottom = self._left + SIDE - 1, self._top + SIDE - 1
        self._sheet.rectangle((self._left, self._top, right, bottom), outline=_FAINT)

    def _write_problem(self, text: str) -> None:
        self._frame()
        lines = "\n".join(textwrap.wrap(_cut(text, 300), 42))
        self._sheet.text((self._left + 10, self._top + 10), lines, _INK, _font(13))

    def _note(self, text: str) -> None:
        self._sheet.text((self._left, self._top + SIDE + 6), _cut(text, 58), _FAINT, _font(12))

    def _mark_centre(self) -> None:
        x, y = self._left + SIDE / 2, self._top + SIDE / 2
        self._sheet.line((x + 14, y, x + 34, y), self._mark, 2)
        self._sheet.line((x, y - 34, x, y - 14), self._mark, 2)

    def _compass(self, orientation: Orientation) -> None:
        if not (orientation.north and orientation.east):
            return
        x, y = self._left + SIDE - 22, self._top + SIDE - 18
        for (right, up), letter in ((orientation.north, "N"), (orientation.east, "E")):
            end = (x + 26 * right, y - 26 * up)
            self._sheet.line((x, y, *end), self._mark, 2)
            at = (x + 36 * right, y - 36 * up)
            self._sheet.text(at, letter, self._mark, _font(13), anchor="mm")

    def _scale_bar(self, scale: float, side: int) -> None:
        length = _BAR_ARCSEC / scale * SIDE / side
        x, y = self._left + 12, self._top + SIDE - 12
        self._sheet.line((x, y, x + length, y), self._mark, 2)
        self._sheet.text((x, y - 18), f'{_BAR_ARCSEC}"', self._mark, _font(13))


def _title(alert: Alert) -> str:
    brightness = f"{alert.fid} = {alert.mag:.2f} ± {alert.e_mag:.2f}"
    return _cut(f"{alert.oid}   {alert.survey} candid {alert.candid}   {brightness}", 110)


def _subtitle(alert: Alert) -> str:
    instant = times.from_mjd(alert.mjd)
    at = f"{times.format_iso(instant)} (mjd {alert.mjd:.5f})" if instant else f"mjd {alert.mjd:g}"
    return f"ra {alert.ra:.5f}°  dec {alert.dec:+.5f}°   {at}"


def _range(pixels: Any) -> str:
    known = pixels[np.isfinite(pixels)]
    if not known.size:
        return "no pixel has a value"
    return f"{known.min():.4g} to {known.max():.4g}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _font(size: int) -> Any:
    return ImageFont.load_default(size)
