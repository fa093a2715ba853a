"""The page of an object."""

from __future__ import annotations

from stampapp.dashboard.links import ObjectPages

PLUGIN = ObjectPages(urls={"Toys": "https://toys.example/{oid}/{candid}"})
