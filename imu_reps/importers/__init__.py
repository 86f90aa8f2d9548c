"""Importers of other systems' exports: docs/importing.md. Pure: text in, samples out."""
