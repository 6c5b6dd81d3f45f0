"""Stores that are down, slow, full or lost: nothing breaks and nothing is granted."""
