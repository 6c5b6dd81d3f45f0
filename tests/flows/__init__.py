"""Whole logins, over HTTP, on a clock that moves. The ids in docstrings (A1 to E3) are of the rules they prove."""
