"""Door 3: somebody asks, split by subject."""
