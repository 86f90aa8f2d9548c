"""What a session records from: a radio, a recording played again, or virtual sensors."""
