"""Pictures of frozen data: pure functions, one file per output."""
