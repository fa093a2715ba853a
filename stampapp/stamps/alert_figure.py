"""Draw all stamps of an alert in one annotated figure."""

from __future__ import annotations

import io
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from stampapp import times
from stampapp.alerts.alert import Alert
from stampapp.alerts.simulated_names import is_simulated
from stampapp.errors import BadAlert, ConfigError
from stampapp.stamps import marks, stamp_image, stretch
from stampapp.stamps.stamp_format import stamp_format

Figure = Image.Image
SIDE = 320
_MARGIN, _TOP, _TITLE, _BOTTOM = 16, 66, 22, 26
_PAPER, _INK, _FAINT = (255, 255, 255), (20, 20, 20), (105, 105, 105)
_ON_DARK, _ON_LIGHT = (255, 176, 0), (60, 60, 60)


def save_figure(alert: Alert, path: Path, note: str = "") -> None:
    """Write the figure, with a note above the stamps, as a PNG.

    Raises ConfigError if the file cannot be written.
    """
    picture = draw_figure(alert, note)
    try:
        picture.save(path, format="PNG", optimize=True)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror or error}") from error


def figure_png(alert: Alert) -> bytes:
    """Return the figure as a PNG."""
    file = io.BytesIO()
    draw_figure(alert).save(file, format="PNG")
    return file.getvalue()


def draw_figure(alert: Alert, note: str = "") -> Figure:
    """Return the stamps side by side; where one cannot be read, its place has the reason."""
    names = stamp_format(alert.survey).names
    width = _MARGIN + len(names) * (SIDE + _MARGIN)
    picture = Image.new("RGB", (width, _TOP + _TITLE + SIDE + _BOTTOM), _PAPER)
    sheet = ImageDraw.Draw(picture)
    sheet.text((_MARGIN, 14), _title(alert), _INK, _font(17))
    sheet.text((_MARGIN, 40), _cut(f"{_subtitle(alert)}   {note}", 160), _FAINT, _font(13))
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

    def fill(self, alert: Alert, name: str) -> None:
        try:
            drawn = stamp_image.draw_stamp(alert, name)
        except BadAlert as error:
            self._write_problem(str(error))
            return
        self._paste(drawn.colours)
        self._draw_marks(drawn)
        legend = ", red brighter, blue fainter" if drawn.is_light else ""
        self._note(f"{_range(drawn.pixels)}, arcsinh{legend}")

    def _paste(self, colours: stretch.Colours) -> None:
        image = Image.fromarray(colours)
        ratio = SIDE / max(image.size)
        width, height = (max(1, round(length * ratio)) for length in image.size)
        place = self._left + (SIDE - width) // 2, self._top + (SIDE - height) // 2
        self._picture.paste(image.resize((width, height), Image.Resampling.NEAREST), place)
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

    def _draw_marks(self, drawn: stamp_image.StampImage) -> None:
        ink = _ON_LIGHT if drawn.is_light else _ON_DARK
        found = marks.marks(drawn)
        for x1, y1, x2, y2 in found.lines:
            self._sheet.line((*self._at(x1, y1), *self._at(x2, y2)), ink, 2)
        for label in found.labels:
            self._sheet.text(self._at(label.x, label.y), label.text, ink, _font(14), anchor="mm")

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return self._left + SIDE * x, self._top + SIDE * y


def _title(alert: Alert) -> str:
    brightness = f"{alert.fid} = {alert.mag:.2f} ± {alert.e_mag:.2f}"
    return _cut(f"{alert.oid}   {alert.survey} candid {alert.candid}   {brightness}", 110)


def _subtitle(alert: Alert) -> str:
    instant = times.from_mjd(alert.mjd)
    at = f"{times.format_iso(instant)} (mjd {alert.mjd:.5f})" if instant else f"mjd {alert.mjd:g}"
    kind = "simulated   " if is_simulated(alert) else ""
    return f"{kind}ra {alert.ra:.5f}°  dec {alert.dec:+.5f}°   {at}"


def _range(pixels: Any) -> str:
    known = pixels[np.isfinite(pixels)]
    if not known.size:
        return "no pixel has a value"
    return f"{known.min():.4g} to {known.max():.4g}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _font(size: int) -> Any:
    return ImageFont.load_default(size)
