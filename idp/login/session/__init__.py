"""Browser sessions: what a browser has proved, kept on the server.

completion ─▶ sessions.open ─▶ cookie (a name only)      active: who is at work now
sweep: ends what is over and nobody ended                sign_out: everything that a person is logged in with
"""
