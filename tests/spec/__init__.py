"""A folder per document; a test is a sentence of it."""
