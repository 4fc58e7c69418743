"""Does the promise hold? Worlds of known truth, walked one by one."""
