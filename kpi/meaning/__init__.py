"""What words mean: definitions, measures, tables, filters, questions. Nothing here reads a store."""
