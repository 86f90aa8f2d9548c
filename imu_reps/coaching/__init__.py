"""From what was measured to what it means for the next set: progress, programme, advice."""
