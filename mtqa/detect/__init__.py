"""From per-token scores to a ranking of sentences. Knows records only: no file, no model."""
