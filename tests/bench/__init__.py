"""What a request costs: CPU per request, as multiples of a bare Flask answer in the same run.

    python -m tests.bench [--seconds 3] [--repetitions 3] [--clients 8] [--workers 2] [row …]        (`make bench`)

    __main__.py   starts PostgreSQL, Valkey and `idp serve`, then a bare Flask server; prints one table
    rows.py       what one unit of each row is: a request, or a whole flow
    bare.py       the yardstick: one Flask view under the same server
    cost.py       drives a row from several clients and reads the CPU time of the process trees

CPU time is read instead of the clock because it is steady where a machine is shared, and because the clients, which run
on the same machine, do not count. Each row is measured in turns with the yardstick, so that both meet the same
weather; the middle of the repetitions is printed. No test asserts a figure.
"""
