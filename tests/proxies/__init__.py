"""Headers keep their exact names from the socket to the application, with each proxy of config/deployment/ and without (R79)."""
