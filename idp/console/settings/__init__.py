"""The policy of the tenant, what a change of it would do, and how its pages look."""
