"""JSON Web Key: the keys that we publish, and their life."""
