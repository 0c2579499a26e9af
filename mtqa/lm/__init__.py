"""Sentences to token scores: the catalogue of models, their files, and the backends that run them."""
