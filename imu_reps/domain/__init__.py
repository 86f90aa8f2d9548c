"""Domain model: plain data types shared by all packages."""
