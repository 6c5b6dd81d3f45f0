"""JSON Web Signature: what a header may say, wherever a JWT comes in."""
