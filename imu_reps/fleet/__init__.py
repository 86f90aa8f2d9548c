"""Many recordings: found, summed up in processes or on a Dask cluster, kept as Parquet or CSV, compared."""
