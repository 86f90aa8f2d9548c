"""Batch analysis of many recordings, in processes or on a Dask cluster, to Parquet or CSV."""
