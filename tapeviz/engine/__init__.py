"""The tape engine: it records, and it differentiates. NumPy and nothing else."""
