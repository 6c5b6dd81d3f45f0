"""The three ways in which a letter is not delivered; `sinks.py` draws them."""


class NotDelivered(Exception):
    """A letter was not handed over. The text says why, without anything secret."""


class Refused(NotDelivered):
    """For good."""


class PutOff(NotDelivered):
    """This letter, for now."""


class Unreachable(NotDelivered):
    """All letters, for now."""
