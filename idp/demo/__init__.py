"""`make demo`: everything a newcomer needs to log in, on one machine, from nothing.

    run.py  ─▶ directory.py    the data directory: one demo at a time, its secrets (0600), made once and kept
            ─▶ addresses.py    the ports: free, or one clear line
            ─▶ content.py      the database to the newest schema; tenants.toml at the first start, clients.toml at each
            ─▶ processes.py    Valkey, `idp serve`, `idp worker`, the sample application: each in a process group of its
                 │             own, its output in a log file
                 └─ reaper.py  ends them should the demo itself be killed
            ─▶ table.py        when all of them answer: addresses, people, passwords, codes

Ctrl-C and SIGTERM only set a flag, which is looked at between two things that are done whole. So the demo can be
interrupted at any moment and begins the next time where it was.

    sample_app/    the relying application: a program of its own, which knows nothing of this package
"""
