"""Bytes to sentences: reading, repairing, cutting into blocks and sentences, with offsets kept throughout."""
