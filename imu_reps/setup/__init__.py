"""Before a session: which sensors are near, how they are worn, what is wrong with them."""
