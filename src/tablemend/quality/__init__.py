"""What is wrong with a table: profile, checks, findings, score."""
