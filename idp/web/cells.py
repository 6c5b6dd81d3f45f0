"""Cells of a file for spreadsheets: text that stays text, whatever the spreadsheet takes for a separator.

    inert ─▶ an apostrophe wherever a cell might begin with what begins a formula
    meant ◀─ the text without those apostrophes, where such a file comes back

A spreadsheet with Dutch settings separates cells at semicolons, one that is asked at tabs, and both do so inside the
quotation marks of a file that was separated by commas: `Jan;=1+1` is two cells there, and the second is calculated. So a cell
begins after any of the separators, and not only where ours begins (OWASP, CSV Injection).
"""

import re
from typing import Final

SEPARATORS: Final = ",;\t"
_BEGINS: Final = "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212"
"""What begins a formula: also in the wide and the small form, which some spreadsheets read as the plain one."""
_SKIPPED: Final = '\\s\x00-\x1f"\ufeff\u00ad\u200b-\u200f\u2060'
"""What a spreadsheet leaves out at the beginning of a cell: blanks, controls, quotation marks and what nobody sees."""
_CELL: Final = f"(?:^|(?<=[{SEPARATORS}\r\n]))"
_FORMULA: Final = re.compile(f"{_CELL}(?=[{_SKIPPED}]*[{_BEGINS}])|^(?=[\t\r\n])")
_APOSTROPHE: Final = re.compile(f"{_CELL}'(?=[{_SKIPPED}]*[{_BEGINS}])")


def inert(text: str) -> str:
    """The text with an apostrophe before whatever might be calculated."""
    return _FORMULA.sub("'", text)


def meant(text: str) -> str:
    """The text without the apostrophes of `inert`."""
    return _APOSTROPHE.sub("", text)
