"""Labelled data: from a file or hub id to a `LabelledSet`."""
