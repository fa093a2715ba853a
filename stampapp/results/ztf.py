"""ZTF: the messages of ALeRCE's stamp classifier step, and its objects in the database."""

from __future__ import annotations

import re
import string

from stampapp.alerts.alert import Alert
from stampapp.alerts.simulated_names import is_simulated, simulated_oid
from stampapp.alerts.surveys import Survey
from stampapp.errors import BadAlert
from stampapp.results.message_format import ArchivedObject, MessageFormat, ScribeFormat

_NAME = re.compile(r"ZTF(\d\d)([a-z]{7})")
_LETTERS = string.ascii_lowercase
# Numbers of this survey's objects start here.
_FIRST = 2**55
_OF_A_YEAR = 26**7
_SID = 0


def archived_object(alert: Alert) -> ArchivedObject:
    """Return the ids of an alert's object. Raises BadAlert if its name is none of the survey."""
    return ArchivedObject(oid=database_oid(alert), sid=_SID, last_mjd=alert.mjd)


def database_oid(alert: Alert) -> int:
    """Return the number of an object in the database; a simulated one has a negative number."""
    if is_simulated(alert):
        return -int(re.sub(r"\D", "", alert.oid))
    found = _NAME.fullmatch(alert.oid)
    if not found:
        raise BadAlert(
            "field", f"oid is {alert.oid!r}, ZTF with two digits and seven letters is expected"
        )
    number = 0
    for letter in found[2]:
        number = 26 * number + _LETTERS.index(letter)
    return _FIRST + int(found[1]) * _OF_A_YEAR + number


def object_name(oid: int) -> str:
    """Return the name of the object with this number, or the number if it has none."""
    if oid < 0:
        return simulated_oid(Survey.ZTF, f"{-oid:015}")
    year, number = divmod(oid - _FIRST, _OF_A_YEAR)
    if not 0 <= year <= 99:
        return str(oid)
    letters = []
    for _ in range(7):
        number, letter = divmod(number, 26)
        letters.append(_LETTERS[letter])
    return f"ZTF{year:02}{''.join(reversed(letters))}"


PLUGIN = MessageFormat(
    commands=(ScribeFormat.UPDATE_PROBABILITIES, ScribeFormat.PROBABILITY_ARCHIVAL),
    archived_object=archived_object,
    object_name=object_name,
)
