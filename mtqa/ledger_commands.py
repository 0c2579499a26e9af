"""`mtqa ledger`: what the score ledger holds, and how to prune, verify and clear it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mtqa.lm.ledger_admin import Dropped

_EXAMPLES = """
Examples:

\b
  mtqa ledger
  mtqa ledger prune --bytes 200000000
  mtqa ledger verify
  mtqa ledger clear
"""


@click.group(
    invoke_without_command=True,
    epilog=_EXAMPLES,
    short_help="Show, prune, verify or clear the score ledger.",
)
@click.pass_context
def ledger(context: click.Context) -> None:
    """Show the score ledger: what was scored once is not scored again.

    Its folder is in mtqa's cache (MTQA_CACHE), or the one that MTQA_LEDGER names; MTQA_LEDGER=off turns it
    off, as `mtqa rank --no-ledger` and `ledger: false` in a config do. It takes 1 GB at most, or
    MTQA_LEDGER_BYTES.
    """
    if context.invoked_subcommand is not None:
        return
    from mtqa.lm.ledger_admin import ledger_state

    state = ledger_state()
    click.echo(f"path      {state.path}")
    click.echo(f"entries   {state.entries:,} ({state.tokens:,} tokens)")
    click.echo(f"size      {state.bytes / 1e6:,.1f} MB of {state.limit / 1e6:,.1f} MB")
    click.echo(f"hits      {state.hits:,}; {state.stored:,} stored")
    click.echo(f"dropped   {state.pruned:,} to make room, {state.damaged:,} damaged")
    for file in state.stale:
        click.echo(f"beside it {file.name} (goes with `mtqa ledger prune`)")
    for file in state.newer:
        click.echo(f"beside it {file.name} (of a newer mtqa, which is left alone)")


@ledger.command(short_help="Drop the least used entries.")
@click.option("--bytes", "limit", type=click.IntRange(min=0), metavar="N", help="Bytes to keep.")
def prune(limit: int | None) -> None:
    """Drop the least recently used entries: `mtqa ledger prune --bytes 200000000`.

    Without --bytes, those beyond the ledger's own limit. What older versions of mtqa and damaged ledgers left
    is removed as well; the ledger of a newer mtqa is not.
    """
    from mtqa.lm.ledger_admin import prune_ledger

    click.echo(_said(prune_ledger(limit)))


@ledger.command(short_help="Drop damaged entries.")
def verify() -> None:
    """Read every entry and drop the damaged ones; they are computed anew when they are needed."""
    from mtqa.lm.ledger_admin import verify_ledger

    sound, damaged = verify_ledger()
    click.echo(f"{_entries(sound)} sound, {damaged} damaged{' and dropped' if damaged else ''}")


@ledger.command(short_help="Drop every entry.")
def clear() -> None:
    """Drop every entry, and what is left of older or damaged ledgers; that of a newer mtqa stays."""
    from mtqa.lm.ledger_admin import clear_ledger, ledger_path

    path = ledger_path()
    click.echo(f"{path}: {_said(clear_ledger())}")


def _said(dropped: Dropped) -> str:
    files = f", {dropped.files} stale {'file' if dropped.files == 1 else 'files'} removed"
    return f"{_entries(dropped.entries)} dropped{files if dropped.files else ''}"


def _entries(number: int) -> str:
    return f"{number:,} {'entry' if number == 1 else 'entries'}"
