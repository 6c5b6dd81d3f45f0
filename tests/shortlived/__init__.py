"""Handles that live minutes, in both homes."""
