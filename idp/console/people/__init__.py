"""The people of a tenant: listed, invited one by one or from a file, corrected, helped, let go."""
