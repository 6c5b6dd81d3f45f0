"""JSON Web Token Best Current Practices."""
