"""`mtqa compare`: configs on the same labelled data, with intervals and significance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from mtqa.console import Console, say
from mtqa.errors import UsageError
from mtqa.options import ManyNames, quiet_option

if TYPE_CHECKING:
    from mtqa.bench.comparison.build import CompareSettings
    from mtqa.bench.comparison.records import Comparison
    from mtqa.config import NamedConfig

_EXAMPLES = """
Examples:

\b
  mtqa compare configs/default.yaml configs/perplexity.yaml --data a.jsonl
  mtqa compare configs/measures.yaml --data labelled.jsonl -o comparison.html
  mtqa compare a.yaml b.yaml --data pairs.jsonl graded.csv --format markdown
"""


@click.command(
    cls=ManyNames, epilog=_EXAMPLES, short_help="Which of several configs is better, and is it luck?"
)
@click.argument("configs", nargs=-1, metavar="CONFIG...")
@click.option(
    "--data",
    multiple=True,
    metavar="FILE_OR_NAME...",
    help="Labelled data: files, hub ids, or YAML about them.",
)
@click.option("--columns", metavar="FILE", help="YAML that says which column is what.")
@click.option(
    "--limit", type=click.IntRange(min=0), default=0, metavar="N", help="So many of each; 0 is all."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, metavar="N", help="For draws and samples.")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME",
    help="Only this one (of docs/evaluation.md, bits_per_byte or perplexity); may be repeated.",
)
@click.option(
    "--resamples",
    type=click.IntRange(min=1),
    default=1000,
    metavar="N",
    help="Draws and randomisations (1000).",
)
@click.option("--device", metavar="NAME", help="auto, cpu, cuda or mps, for every config.")
@click.option("--threads", type=int, metavar="N", help="CPU threads, for every config.")
@click.option("--no-ledger", is_flag=True, help="Score anew, so that every config is timed.")
@click.option("-f", "--format", "format_", metavar="NAME", help="terminal, markdown, html or json.")
@click.option("-o", "--output", metavar="FILE", help="Write the comparison there (format by its ending).")
@quiet_option
@click.option("-v", "--verbose", is_flag=True, help="A leaderboard for every metric, not the main one alone.")
def compare(configs: tuple[str, ...], **options: Any) -> None:
    """Compare configs on the same labelled sentences: which one is better, and is it luck?

    CONFIG is a YAML config, or a comparison set that holds several (configs/measures.yaml): two configs at
    least, or one set. What was scored once comes from the score ledger: a second measure over the same model
    costs nothing. Intervals and p-values resample whole documents; see docs/comparison.md.
    """
    from mtqa.bench.comparison.formats import FORMATS, render_comparison
    from mtqa.bench.labelled.spec import files_of
    from mtqa.output import check_output, chosen_format, write_result

    if not configs:
        raise UsageError("name two configs, or a comparison set (see mtqa compare --help)")
    named = _configs(configs, options)
    if not options["data"]:
        raise UsageError("name labelled data with --data (see mtqa compare --help)")
    read = [*configs, *files_of(options["data"], columns=options["columns"])]
    format_ = chosen_format(options["format_"], options["output"], FORMATS, read)
    settings = [path for one in named for path in one.config.files]
    check_output(options["output"], settings, called="files of this run's settings")
    comparison = _compared(named, _settings(options), options)
    text = render_comparison(comparison, format_, options=_render_options(options))
    write_result(text, options["output"])
    if not options["quiet"] and (options["output"] not in (None, "-") or format_ == "json"):
        for note in _notes(comparison):
            say(note)


def _notes(comparison: Comparison) -> Iterator[str]:
    """What a reader of the report would not see at once, a set's under its name."""
    yield from comparison.notes
    for result in comparison.sets:
        yield from (f"{result.name}: {note}" for note in result.notes)


def _configs(paths: Sequence[str], options: dict[str, Any]) -> tuple[NamedConfig, ...]:
    from mtqa.comparison import named_configs
    from mtqa.config import load_configs

    loaded = load_configs(
        paths,
        device=options["device"],
        threads=options["threads"],
        ledger=False if options["no_ledger"] else None,
    )
    return named_configs(loaded)


def _settings(options: dict[str, Any]) -> CompareSettings:
    from mtqa.bench.comparison.build import CompareSettings
    from mtqa.bench.comparison.checks import check_metrics

    check_metrics(options["metrics"])
    return CompareSettings(
        metrics=tuple(dict.fromkeys(options["metrics"])),
        draws=options["resamples"],
        randomisations=options["resamples"],
        seed=options["seed"],
    )


def _compared(named: Sequence[NamedConfig], settings: CompareSettings, options: dict[str, Any]) -> Comparison:
    from mtqa.comparison import compare as run

    with Console(quiet=options["quiet"]) as console:
        return run(
            named,
            options["data"],
            settings=settings,
            columns=options["columns"],
            limit=options["limit"],
            progress=console,
        )


def _render_options(options: dict[str, Any]) -> Any:
    from mtqa.output import colored, result_columns
    from mtqa.report.formats import RenderOptions

    return RenderOptions(
        width=result_columns(options["output"]),
        color=colored(options["output"]),
        verbose=options["verbose"],
    )
