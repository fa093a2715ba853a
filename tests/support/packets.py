"""Packets as ZTF and ATLAS publish them, small but with the fields that matter."""

from __future__ import annotations

from typing import Any

from tests.support.alerts import Record, container, record_schema

CUTOUT: Record = {
    "type": "record",
    "name": "cutout",
    "fields": [{"name": "fileName", "type": "string"}, {"name": "stampData", "type": "bytes"}],
}
ZTF_CANDIDATE = {
    **dict.fromkeys(("jd", "ra", "dec", "magpsf", "sigmapsf", "sgscore1"), "double"),
    **dict.fromkeys(("fid", "pid"), "long"),
    **dict.fromkeys(("isdiffpos", "candid"), "string"),
}
ATLAS_CANDIDATE = {
    **dict.fromkeys(("mjd", "RA", "Dec", "Mag", "Dmag", "rb"), "double"),
    **dict.fromkeys(("filter", "isdiffpos", "candid"), "string"),
}


def raw_schema(candidate: dict[str, Any], *cutouts: str) -> Record:
    nullable: Record = {f"cutout{name}": ["null", "cutout"] for name in cutouts}
    nullable["cutoutScience"] = ["null", CUTOUT]
    inner = record_schema(**candidate) | {"name": "candidate"}
    first = {"cutoutScience": nullable.pop("cutoutScience")}
    names = {"publisher": "string", "objectId": "string", "candid": ["long", "string"]}
    return record_schema(**names, candidate=inner, **first, **nullable)


def cutout(data: bytes) -> Record:
    return {"fileName": "stamp.fits", "stampData": data}


def raw_ztf(**candidate: object) -> bytes:
    usual = {
        "jd": 2458270.75,
        "ra": 10.5,
        "dec": -20.25,
        "magpsf": 18.5,
        "sigmapsf": 0.125,
        "sgscore1": 0.5,
        "fid": 2,
        "pid": 99,
        "isdiffpos": "t",
        "candid": "77",
    }
    packet = {
        "publisher": "ZTF (www.ztf.caltech.edu)",
        "objectId": "ZTF20abcdefg",
        "candid": 77,
        "candidate": usual | candidate,
        "cutoutScience": cutout(b"S"),
        "cutoutTemplate": cutout(b"T"),
        "cutoutDifference": None,
    }
    return container(packet, schema=raw_schema(ZTF_CANDIDATE, "Template", "Difference"))


def raw_atlas(**candidate: object) -> bytes:
    usual = {
        "mjd": 59543.125,
        "RA": 302.5,
        "Dec": 12.25,
        "Mag": 18.5,
        "Dmag": 0.25,
        "rb": 0.75,
        "filter": "o",
        "isdiffpos": "f",
        "candid": "02a",
    }
    packet = {
        "publisher": "ATLAS",
        "objectId": "120",
        "candid": "02a59543o0040o",
        "candidate": usual | candidate,
        "cutoutScience": cutout(b"S"),
        "cutoutDifference": cutout(b"D"),
    }
    return container(packet, schema=raw_schema(ATLAS_CANDIDATE, "Difference"))
