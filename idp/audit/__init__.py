"""What happened, who did it, to whom, from where.

    events.py   a frozen dataclass for each kind of event, with exactly the facts it has
    record.py   adds the event as a row to the unit of work that it describes: both are kept, or neither
    models.py   the rows

Nothing secret is ever part of an event: no password, code, token, cookie or link.
"""
