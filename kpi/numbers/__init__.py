"""From KPI tables to answers: users, attempts, small cells, weeks, coverage, and the writing of tables."""
