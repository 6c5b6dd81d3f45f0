"""The audit log: what is written, and that it is written with what it describes or not at all."""
