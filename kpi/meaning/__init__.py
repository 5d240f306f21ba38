"""The meaning of words: glossary, definitions, measures, tables, filters, questions. Reads no store."""
