"""Write any number of results to a file that TOPCAT, pandas or astropy read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from astropy.table import Table

from stampapp.config.extras import require
from stampapp.errors import ConfigError
from stampapp.output_path import check_file
from stampapp.results.alert_result import AlertResult
from stampapp.tables import fits_file, parquet_file, text_files, votable_file
from stampapp.tables.result_table import TableSource, result_table, table_size

# Writes tables with the same columns one after the other, with the number of rows of all.
Writer = Callable[[Path, Iterator[Table], int], None]
_WRITERS: dict[str, Writer] = {
    ".parquet": parquet_file.write,
    ".csv": text_files.write_csv,
    ".ecsv": text_files.write_ecsv,
    ".vot": votable_file.write,
    ".fits": fits_file.write,
}
# Rows that are in memory at a time.
_CHUNK = 2000


def table_writer(path: Path) -> Writer:
    """Return what writes files with this suffix.

    Raises ConfigError for another suffix, where no file can be written, and where the format needs
    a package that is not installed.
    """
    suffix = path.suffix.lower()
    check_file(path)
    if suffix not in _WRITERS:
        *others, last = _WRITERS
        raise ConfigError(
            f"no kind of table is named like {path}: end the name with"
            f" {', '.join(others)} or {last}"
        )
    if suffix == ".parquet":
        require("tables", "pyarrow")
    return _WRITERS[suffix]


def write_results(
    path: Path, results: Callable[[], Iterable[AlertResult]], source: TableSource
) -> int:
    """Write the results that each call of `results` yields; return how many.

    `results` is called twice: for the size of the table, and for its rows. The file appears
    complete, and replaces an older one. Raises ConfigError if it cannot be written.
    """
    write = table_writer(path)
    rows, widths = table_size(results())
    tables = _tables(results(), source, widths)
    # A link stays one: the file that it names is replaced.
    target = path.resolve()
    draft = target.with_name(f".{target.name}.draft")
    try:
        write(draft, tables, rows)
        draft.replace(target)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)
    return rows


def _tables(
    results: Iterable[AlertResult], source: TableSource, widths: dict[str, int]
) -> Iterator[Table]:
    """Yield tables of a few results each, one without rows if there is no result."""
    remaining = iter(results)
    chunk = list(islice(remaining, _CHUNK))
    yield result_table(chunk, source, widths)
    while chunk := list(islice(remaining, _CHUNK)):
        yield result_table(chunk, source, widths)
