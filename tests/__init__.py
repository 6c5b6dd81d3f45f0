"""The test suite: every docstring is a claim, every store is a real one."""
