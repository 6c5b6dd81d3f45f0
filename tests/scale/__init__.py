"""What a page costs in a company of 20,000 people with 200,000 events, beside others as large.

crowd.py    fills the database, in a few statements
plans.py    listens to the statements of a page, and asks PostgreSQL how it answers each
"""
