"""Both sensors against each other: what taps and arrivals tell, and jolts that mislead."""
