"""Find the images that follow the first one in the FITS file of a stamp."""

from __future__ import annotations

from collections.abc import Iterator

from stampapp.errors import BadAlert
from stampapp.stamps import fits_header, fits_image
from stampapp.stamps.fits_image import Stamp

# Rubin's stamps have three images.
MAX_IMAGES = 8


def read_extensions(data: object, name: str) -> dict[str, Stamp]:
    """Return the images after the first one, by their names (EXTNAME).

    They end at the first that is damaged or no image: a stamp is good without them. `name` is that
    of the stamp. Raises BadAlert as `fits_image.read_stamp` does where the first is none.
    """
    found: dict[str, Stamp] = {}
    for stamp in _images(fits_image.plain_bytes(data, name), name):
        extension = stamp.header.value("EXTNAME")
        if isinstance(extension, str):
            found.setdefault(extension, stamp)
    return found


def _images(plain: bytes, name: str) -> Iterator[Stamp]:
    stamp, end = fits_image.read_image(plain, 0, None, name)
    for _ in range(MAX_IMAGES - 1):
        start = -(-end // fits_header.BLOCK) * fits_header.BLOCK
        if not plain.startswith(b"XTENSION= 'IMAGE", start):
            return
        try:
            stamp, end = fits_image.read_image(plain, start, None, name)
        except BadAlert:
            return
        yield stamp
