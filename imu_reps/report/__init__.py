"""Reports: text, tables, pages and sentences for people."""
