"""Sixteen at once against four worker processes: of everything that is good once, exactly one wins."""
