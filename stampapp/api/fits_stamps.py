"""The stamps of an alert as arrays, read when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from astropy.io.fits import Header

from stampapp.stamps.fits_image import Pixels, read_stamp


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FitsStamp:
    """One stamp: a small image of the sky around an alert, as the survey sent it.

    `pixels` has the shape (rows, columns), row 0 first in the FITS file; float, in the unit of the
    survey's images, which `header["BUNIT"]` names where the survey says it. Pixels without a value
    (BLANK) are NaN. `header` is the FITS header.
    """

    pixels: Pixels
    header: Header

    def __repr__(self) -> str:
        """Return the size, not the pixels."""
        rows, columns = self.pixels.shape
        return f"<FitsStamp of {rows} x {columns} pixels, {self.pixels.dtype}>"


class FitsStamps(Mapping[str, FitsStamp]):
    """The stamps that an alert has, by their names: science, template, difference.

    Asking for a stamp reads it, each time anew: raises BadAlert where it is damaged, and KeyError
    where the alert has none of this name.
    """

    def __init__(self, files: Mapping[str, bytes | None]) -> None:
        self._files = dict(files)

    @property
    def files(self) -> Mapping[str, bytes | None]:
        """The FITS files, gzipped or plain, as they came in the alert."""
        return self._files

    def __getitem__(self, name: str) -> FitsStamp:
        """Return a stamp by its name."""
        data = self._files.get(name)
        if data is None:
            raise KeyError(f"there is no stamp {name!r} in this alert, which has {', '.join(self)}")
        stamp = read_stamp(data, None, name)
        # FITS is big-endian, which not every library takes; the copy can be written to.
        native = np.array(stamp.pixels, dtype=stamp.pixels.dtype.newbyteorder("="))
        return FitsStamp(pixels=native, header=Header.fromstring(stamp.header.text))

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the stamps that the alert has."""
        return (name for name, data in self._files.items() if data is not None)

    def __len__(self) -> int:
        """Return the number of stamps that the alert has."""
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        """Return the names: the stamps are not read."""
        return f"<FitsStamps: {', '.join(self)}>"
