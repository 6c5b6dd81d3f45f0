"""Mails: what they say, how they look, how they leave.

    letters.py    a frozen dataclass for each mail: to whom, when, and its facts
    render.py     facts ─▶ templates/mail/<kind>.txt and .html, in the recipient's language ─▶ Letter ─▶ bytes
    sinks.py      where a Letter goes by IDP_MAIL_URL, and the three ways in which that fails
    smtp.py       smtp:// and smtps://        directory.py   file:///directory, one .eml each

Every link begins with IDP_ISSUER, never with what a request says the host is.
"""
