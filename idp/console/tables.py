"""Tables that leave the console as a file."""

import csv
import io

from idp.web.cells import inert


def row(*cells: str, separator: str = ",") -> str:
    """A line of CSV (RFC 4180). Nothing in it is a formula, whatever separates the cells where it is opened."""
    line = io.StringIO()
    csv.writer(line, delimiter=separator).writerow([inert(cell) for cell in cells])
    return line.getvalue()
