"""Options that several commands share, and those that take several values, as a shell's ``*.jsonl`` gives."""

from __future__ import annotations

import click

config_option = click.option(
    "--config", "config_file", metavar="FILE", help="YAML config; see configs/ for examples."
)
model_option = click.option(
    "--model", metavar="NAME", help="A name of `mtqa models`, a directory, or a hub id."
)
context_option = click.option(
    "--context", metavar="WHICH", help="Read a sentence in its document, paragraph, or none."
)
device_option = click.option("--device", metavar="NAME", help="auto, cpu, cuda or mps.")
threads_option = click.option("--threads", type=int, metavar="N", help="CPU threads.")
no_ledger_option = click.option(
    "--no-ledger", is_flag=True, help="Score anew, and don't keep the scores (see `mtqa ledger`)."
)
input_format_option = click.option(
    "--input-format", metavar="NAME", help="text, markdown, html, or lines (one sentence a line)."
)
encoding_option = click.option(
    "--encoding", metavar="NAME", help="The files' character encoding, where it can't be guessed."
)
quiet_option = click.option("-q", "--quiet", is_flag=True, help="No progress and no notes on stderr.")


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
