"""From event files to the private tables: recognised, checked, hashed, loaded; and expired."""
