"""People: how they come to be, what is said of them, how they are found and corrected, and how that ends.

profile (what may be said) ─▶ lifecycle ─▶ models.User ─▶ queries · directory (page by page)
administration: an administrator acts      mailbox: their address is shown to be theirs      notices: what they are told by mail
"""
