"""Tables as VOTable, the format of the Virtual Observatory.

https://www.ivoa.net/documents/VOTable/20191021/REC-VOTable-1.4-20191021.html
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from astropy.io import votable
from astropy.io.votable.tree import Param
from astropy.table import Table

_START, _END = b"<TABLEDATA>\n", b"    </TABLEDATA>"


def write(path: Path, tables: Iterator[Table], rows: int) -> None:  # noqa: ARG001
    """Write tables one after the other, with the units and metadata of the first.

    The metadata are parameters. What is masked is empty.
    """
    head, start, rest = _xml(next(tables)).partition(_START)
    first, end, tail = rest.rpartition(_END)
    with path.open("wb") as file:
        file.write(head + start + first)
        for table in tables:
            file.write(_xml(table).partition(_START)[2].rpartition(_END)[0])
        file.write(end + tail)


def _xml(table: Table) -> bytes:
    document = votable.from_table(table)
    described = document.get_first_table()
    for name, value in table.meta.items():
        # By default, the ID is the name, which a column may have as well.
        identifier, kind = f"param_{name}", {"datatype": "char", "arraysize": "*"}
        param = Param(document, ID=identifier, name=name, value=str(value), **kind)
        described.params.append(param)
    out = io.BytesIO()
    document.to_xml(out)
    return out.getvalue()
