"""In real time: what is said to the person, and when."""
