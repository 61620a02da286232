"""Settings found by eye and kept by file: what one sample becomes while its settings move; docs/live.md."""
