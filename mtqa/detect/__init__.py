"""From per-token scores to a ranking of sentences. Knows records and its own files: no model, no text."""
