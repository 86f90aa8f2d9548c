"""Other systems' exports to recordings: docs/importing.md. Pure: text in, samples out."""
