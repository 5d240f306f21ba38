"""From events to KPI tables: the fill of changed days, volumes, expiry, and the blanking of private tags."""
