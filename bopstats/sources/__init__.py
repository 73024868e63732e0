"""Where rows larger than memory come from: files, folders, relations, frames, a Dask cluster."""
