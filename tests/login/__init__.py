"""Parts of the login room that are pure or nearly so, one by one."""
