"""`python -m mtqa`."""

import sys

from mtqa.cli import program

if __name__ == "__main__":
    sys.exit(program())
