"""Options of the command line that take several values, as a shell's ``*.jsonl`` gives them."""

from __future__ import annotations

import click


class ManyNames(click.Command):
    """A command whose --data and --corrupt take every name up to the next option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """``--data a b`` as ``--data a --data b``."""
        many = {name for p in self.params if p.multiple and p.name in ("data", "corrupt") for name in p.opts}
        spread: list[str] = []
        option = None
        for arg in args:
            if arg.startswith("-") and arg != "-":
                name = arg.partition("=")[0]
                option = name if name in many else None
                spread += [] if arg == option else [arg]
            else:
                spread += [arg] if option is None else [option, arg]
        return super().parse_args(ctx, spread)
