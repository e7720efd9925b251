"""Dask: one file for each process that its code runs in (client, worker, scheduler)."""
