"""Tables that leave the console as a file."""

import csv
import io

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def row(*cells: str, separator: str = ",") -> str:
    """A line of CSV (RFC 4180). A cell that a spreadsheet would take for a formula begins with an apostrophe."""
    line = io.StringIO()
    csv.writer(line, delimiter=separator).writerow(
        [f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells]
    )
    return line.getvalue()
