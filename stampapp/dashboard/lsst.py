"""The web pages of LSST's objects."""

from __future__ import annotations

from stampapp.dashboard.links import ObjectPages

PLUGIN = ObjectPages(urls={"ALeRCE": "https://alerce.online/object/{oid}"})
