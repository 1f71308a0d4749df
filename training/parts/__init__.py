"""Work that is cut into parts: what needs what, done on one machine or by the workers of a Dask cluster."""
