"""What ALeRCE's ZTF networks were trained on: stamps, and the clips of the features."""

from __future__ import annotations

from stampapp.alerts.surveys import Survey

SURVEY = Survey.ZTF
STAMPS = ("science", "template", "difference")
STAMP_SHAPE = (63, 63)
CROP = 21

# Feature → (lowest, highest) value in training; None is open.
CLIPS: dict[str, tuple[float | None, float | None]] = {
    **dict.fromkeys(("sgscore1", "sgscore2", "sgscore3"), (-1.0, None)),
    **dict.fromkeys(("distpsnr1", "distpsnr2", "distpsnr3"), (-1.0, None)),
    **dict.fromkeys(("distnr", "magnr"), (-1.0, None)),
    "fwhm": (None, 10.0),
    "ndethist": (None, 20.0),
    "ncovhist": (None, 3000.0),
    "non_detections": (None, 2000.0),
    "chinr": (-1.0, 15.0),
    "sharpnr": (-1.0, 1.5),
}
