"""A fake model that checks the table of alerts, and computes probabilities from its values."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

CLASSES = ["agn", "asteroid", "bogus", "sn", "vs"]
COLUMNS = [
    *("candid", "mjd", "red", "diff"),
    *("FILTER", "AIRMASS", "SEEING", "SUNELONG", "MANGLE", "ra", "dec"),
]
OBJECTS = ["candid", "red", "diff", "FILTER"]


class AtlasStampClassifier:
    """Return probabilities by object, with rows and columns in another order than the input.

    If STANDIN_FAILS names a file that does not exist, the second call, the first after the warm-up,
    creates it and fails: with an error, or by returning None if STANDIN_ANSWERS is "nothing".
    """

    def __init__(self) -> None:
        self.calls = 0

    def predict_probs(self, df: pd.DataFrame) -> pd.DataFrame | None:
        check(df)
        self.calls += 1
        flag = Path(os.environ.get("STANDIN_FAILS", os.devnull))
        if self.calls == 2 and not flag.exists():
            flag.touch()
            if os.environ.get("STANDIN_ANSWERS") == "nothing":
                return None
            raise MemoryError("the network found no memory")
        table = pd.DataFrame([scores(row) for _, row in df.iterrows()], index=df.index)
        shares = table.div(table.sum(axis=1), axis=0)
        return shares[CLASSES[::-1]].iloc[::-1]


def scores(row: pd.Series) -> dict[str, float]:
    """Compute each class from other columns, so that a wrong value changes a result."""
    return {
        "agn": row["AIRMASS"] + row["SEEING"],
        "asteroid": abs(row["dec"]) + row["mjd"] % 1.0,
        "bogus": float(np.ptp(row["diff"])) / float(np.ptp(row["red"])),
        "sn": row["ra"] / 36.0 if row["FILTER"] == "o" else 0.0,
        "vs": (row["SUNELONG"] + 2.0 * row["MANGLE"]) / 60.0,
    }


def check(df: pd.DataFrame) -> None:
    """Raise ValueError unless the table is as ALeRCE's step passes it."""
    types = {name: "object" if name in OBJECTS else "float64" for name in COLUMNS}
    if df.dtypes.astype(str).to_dict() != types or list(df.columns) != COLUMNS:
        raise ValueError(f"the columns are {df.dtypes.to_dict()}")
    if not df.index.is_unique or not df["mjd"].is_monotonic_increasing:
        raise ValueError(f"the rows are {df['mjd'].to_dict()}")
    if not all(isinstance(value, str) for name in ("candid", "FILTER") for value in df[name]):
        raise ValueError("candid or FILTER is no text")
    for image in (*df["red"], *df["diff"]):
        if image.shape != (61, 61) or image.dtype != np.float32:
            raise ValueError(f"a stamp is {image.shape} of {image.dtype}")
