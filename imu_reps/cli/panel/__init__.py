"""The live panel of a terminal."""
