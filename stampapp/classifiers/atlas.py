"""ATLAS: stamps, features from the header of the science stamp, and the derived template."""

from __future__ import annotations

from dataclasses import replace

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.classifiers.base import Classifier, PreparedAlert
from stampapp.classifiers.model_folder.description import ModelDescription
from stampapp.classifiers.survey_rules import InputSpec, SurveyRules
from stampapp.config.model_settings import ModelSettings
from stampapp.errors import ConfigError
from stampapp.features import aperture_photometry, images, metadata, template_photometry
from stampapp.stamps import fits_image, wcs
from stampapp.stamps.atlas import NO_DATA_BELOW
from stampapp.stamps.fits_header import Header

CLASSES = ("agn", "asteroid", "bogus", "sn", "vs")
SCIENCE, DIFFERENCE, TEMPLATE = "science", "difference", "template"
# ATLAS sends no template: it is derived from these two.
STAMPS = (SCIENCE, DIFFERENCE)
CHANNELS = (*STAMPS, TEMPLATE)
CARDS = ("FILTER", "AIRMASS", "SEEING", "SUNELONG", "MANGLE")
# The feature `filter`: cyan and orange, in the order of wavelength.
FILTERS: dict[object, float] = {"c": 0.0, "o": 1.0}


def extract_inputs(alert: Alert, spec: InputSpec) -> PreparedAlert:
    """Return the stamps and features that a model needs. Raises BadAlert.

    The returned alert has the centre of the science stamp as `ra` and `dec`. Its `extra_fields`
    have each of CARDS under its own name, and in lower case as a feature: airmass; seeing in
    arcsec; sunelong, mangle: degrees to the Sun and the Moon; filter: a number of FILTERS. They
    also have the features of `aperture_photometry` and `template_photometry`. The stamp `template`
    is what ATLAS subtracted.
    """
    science, *others = (
        fits_image.read_stamp(alert.stamps.get(name), spec.stamp_shape, name)
        for name in STAMPS[: 1 if set(spec.stamps) <= {SCIENCE} else 2]
    )
    seen, channels = with_header_values(alert, science.header), {SCIENCE: science.pixels}
    for difference in others:
        template = template_photometry.derive_template(
            science.pixels, difference.pixels, NO_DATA_BELOW
        )
        channels |= {DIFFERENCE: difference.pixels, TEMPLATE: template}
        shown = aperture_photometry.measure_apertures(science.pixels, difference.pixels)
        shown |= template_photometry.measure_template(template, science.pixels, difference.pixels)
        seen = replace(seen, extra_fields={**seen.extra_fields, **shown})
    metadata.check_fields(seen, metadata.required_fields(spec.features))
    crops = {name: images.crop_centre(channels[name], spec.crop) for name in spec.stamps}
    for name in crops.keys() - {TEMPLATE}:
        images.require_data(crops[name], name)
    return PreparedAlert(alert=seen, crops=tuple(crops.values()))


def with_header_values(alert: Alert, header: Header) -> Alert:
    """Return the alert with position and values of its science header. Raises BadAlert."""
    cards = {name: value for name in CARDS if (value := header.value(name)) is not None}
    numbers = {name.lower(): value for name, value in cards.items()}
    if (band := cards.get("FILTER")) in FILTERS:
        numbers["filter"] = FILTERS[band]
    ra, dec = wcs.image_centre(header)
    extra = {**alert.extra_fields, **cards, **numbers}
    return replace(alert, ra=ra, dec=dec, extra_fields=extra)


def check_description(description: ModelDescription) -> None:
    """Raise ConfigError unless an alert has all the stamps that the model takes."""
    unknown = set(description.stamps) - set(CHANNELS)
    if unknown:
        raise ConfigError(f"the model asks for {unknown}: ATLAS alerts give {CHANNELS}")


def load_package(model: ModelSettings) -> Classifier | None:
    """Return a classifier that asks ALeRCE's own package, where that is installed."""
    # On demand, as it imports this module.
    from stampapp.classifiers import atlas_package

    return atlas_package.load_package(model) if atlas_package.is_installed() else None


PLUGIN = SurveyRules(
    survey=Survey.ATLAS,
    classes=CLASSES,
    model_sources=(
        "train one with `python -m stampapp.training`, or install the package "
        "atlas_stamp_classifier"
    ),
    check_description=check_description,
    extract_inputs=extract_inputs,
    load_package=load_package,
)
