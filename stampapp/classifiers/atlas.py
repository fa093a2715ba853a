"""ATLAS: science and difference stamps, and what the header of the science stamp says."""

from __future__ import annotations

from dataclasses import replace

from stampapp import apertures, astrometry, features, stamps
from stampapp.classifiers.base import Examined
from stampapp.classifiers.description import ModelDescription
from stampapp.classifiers.judging import Demand, NetworkClassifier
from stampapp.errors import ConfigError
from stampapp.headers import Header
from stampapp.records import Alert, Survey

SCIENCE, DIFFERENCE = "science", "difference"
STAMPS = (SCIENCE, DIFFERENCE)
CARDS = ("FILTER", "AIRMASS", "SEEING", "SUNELONG", "MANGLE")
# The feature `filter`: cyan and orange, in the order of wavelength.
FILTERS: dict[object, float] = {"c": 0.0, "o": 1.0}


def look(alert: Alert, description: Demand) -> Examined:
    """Return what the model sees of an alert. Raises BadAlert.

    The alert in it has the centre of the science stamp as `ra` and `dec`, and what the header
    says in `extra_fields`: each of CARDS under its name as it stands there, and in lower case as
    a feature (airmass; seeing in arcsec; sunelong, mangle: degrees to the Sun and the Moon;
    filter: a number of FILTERS). The features of `apertures` are there, too.
    """
    read = {
        name: stamps.read(alert.stamps.get(name), description.stamp_shape, name)
        for name in dict.fromkeys((SCIENCE, *description.stamps))
    }
    seen = described(alert, read[SCIENCE].header)
    if DIFFERENCE in read:
        shown = apertures.measure(read[SCIENCE].pixels, read[DIFFERENCE].pixels)
        seen = replace(seen, extra_fields={**seen.extra_fields, **shown})
    features.check(seen, features.required(description.features))
    crops = (stamps.crop(read[name].pixels, description.crop) for name in description.stamps)
    return Examined(alert=seen, crops=tuple(crops))


def described(alert: Alert, header: Header) -> Alert:
    """Return the alert with what the header of its science stamp says. Raises BadAlert."""
    cards = {name: value for name in CARDS if (value := header.value(name)) is not None}
    numbers = {name.lower(): value for name, value in cards.items()}
    if (band := cards.get("FILTER")) in FILTERS:
        numbers["filter"] = FILTERS[band]
    ra, dec = astrometry.centre(header)
    extra = {**alert.extra_fields, **cards, **numbers}
    return replace(alert, ra=ra, dec=dec, extra_fields=extra)


class ATLASClassifier(NetworkClassifier):
    """A network of the family that judges ZTF, on two stamps; ATLAS has no rules."""

    survey = Survey.ATLAS

    def accept(self, description: ModelDescription) -> None:
        unknown = set(description.stamps) - set(STAMPS)
        if unknown:
            raise ConfigError(f"the model asks for {unknown}: ATLAS alerts have {STAMPS}")

    def regard(self, alert: Alert) -> Examined:
        return look(alert, self.description)
