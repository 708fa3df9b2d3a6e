"""Running SQL over Arrow and Parquet."""
