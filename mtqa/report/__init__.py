"""A ranking becomes something that a person or a program reads.

`formats.render` turns reports into one string (pure, deterministic); `write.write_report` puts it on disk.
"""
