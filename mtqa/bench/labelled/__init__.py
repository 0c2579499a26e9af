"""Labelled data: from a file or hub id, through `datasets`, to a `LabelledSet`."""
