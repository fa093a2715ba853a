"""Links from an alert to web pages: of its object, and of the sky around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from stampapp.alerts.alert import Alert
from stampapp.alerts.simulated_names import is_simulated
from stampapp.alerts.surveys import Survey, plugin

# Pan-STARRS has no images south of this declination, in degrees.
_PANSTARRS_SOUTH = -30.0


def always(_: Alert) -> bool:
    """Say that the object of every alert has pages."""
    return True


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectPages:
    """The web pages of a survey's objects.

    `urls` has name → address, in which {oid} and {candid} stand for those of an alert. `has_pages`
    is whether an alert's object has these pages.
    """

    urls: Mapping[str, str]
    has_pages: Callable[[Alert], bool] = always


def object_pages(survey: Survey) -> ObjectPages:
    """Return where the objects of a survey have pages."""
    return plugin("dashboard", survey, ObjectPages)


def links(alert: Alert) -> list[dict[str, str]]:
    """Return the pages of the alert's object, then views of the sky around it.

    A simulated object is not on the sky and has none.
    """
    if is_simulated(alert):
        return []
    names = {name: quote(getattr(alert, name), safe="") for name in ("oid", "candid")}
    pages = object_pages(alert.survey)
    own = pages.urls if pages.has_pages(alert) else {}
    urls = {name: url.format(**names) for name, url in own.items()} | _sky(alert)
    return [{"name": name, "url": url} for name, url in urls.items()]


def _sky(alert: Alert) -> dict[str, str]:
    target = f"{alert.ra:.6f} {alert.dec:+.6f}"
    sky = {"ra": f"{alert.ra:.6f}", "dec": f"{alert.dec:.6f}"}
    north = "CDS/P/PanSTARRS/DR1/color-z-zg-g"
    images = north if alert.dec > _PANSTARRS_SOUTH else "CDS/P/DESI-Legacy-Surveys/DR10/color"
    aladin = {"target": target, "fov": "0.03", "survey": images}
    legacy = {**sky, "layer": "ls-dr10", "zoom": "16", "mark": f"{sky['ra']},{sky['dec']}"}
    return {
        "Aladin": f"https://aladin.cds.unistra.fr/AladinLite/?{urlencode(aladin)}",
        "Legacy Survey": f"https://www.legacysurvey.org/viewer?{urlencode(legacy)}",
    }
