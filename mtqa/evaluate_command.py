"""`mtqa evaluate`: how well a config finds what is labelled as corrupted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mtqa.console import Console, say
from mtqa.errors import UsageError, one_line
from mtqa.options import ManyNames, device_option, no_ledger_option, quiet_option, threads_option

if TYPE_CHECKING:
    from mtqa.bench.evaluate import Evaluation
    from mtqa.bench.records import LabelledSet

_EXAMPLES = """
Examples:

\b
  mtqa evaluate configs/default.yaml --data labelled.jsonl
  mtqa evaluate --data a.jsonl b.jsonl --by genre -o evaluation.html
  mtqa evaluate configs/gemma.yaml --data sheet.csv --columns columns.yaml
  mtqa evaluate --corrupt clean.txt
"""


@dataclass(frozen=True, slots=True)
class _Given:
    """What the command line names: a config, labelled data, clean texts to corrupt."""

    config: str | None
    data: tuple[str, ...]
    clean: tuple[str, ...]


@click.command(cls=ManyNames, epilog=_EXAMPLES, short_help="Measure a config on labelled data.")
@click.argument("names", nargs=-1, metavar="[CONFIG]")
@click.option(
    "--data",
    multiple=True,
    metavar="NAME...",
    help="Labelled data: JSONL, JSON, CSV, TSV or Parquet files, a YAML that describes some, or a hub id.",
)
@click.option(
    "--corrupt",
    multiple=True,
    metavar="FILE...",
    help="Clean articles, corrupted on the fly; needs what `mtqa corrupt` needs (lemminflect, WordNet).",
)
@click.option("--columns", metavar="FILE", help="YAML that says what the data's columns mean.")
@click.option(
    "--by",
    multiple=True,
    metavar="GROUP",
    help="Break down by phenomenon, genre, system, type …; may be repeated, or hold commas.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="So many records of each file, drawn; 0 is all.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Of samples, resamples and corruptions.",
)
@click.option(
    "--resamples", type=click.IntRange(min=0), default=1000, metavar="N", help="Bootstrap draws (1000)."
)
@click.option("--model", metavar="NAME", help="In place of the config's.")
@click.option("--measure", metavar="NAME", help="In place of the config's.")
@click.option("--context", metavar="WHICH", help="In place of the config's.")
@device_option
@threads_option
@no_ledger_option
@click.option("-f", "--format", "format_", metavar="NAME", help="terminal, markdown, html or json.")
@click.option("-o", "--output", metavar="FILE", help="Write the report there (format by its ending).")
@quiet_option
def evaluate(names: tuple[str, ...], **options: Any) -> None:
    """Evaluate a config on labelled data, every metric with its 95 % interval.

    CONFIG is a YAML file as in configs/; without one the defaults hold. Labelled data are documents whose
    sentences have a label (1 corrupted, 0 sound), sentences with human scores, or pairs of a good and a bad
    sentence. What was scored before comes from the score ledger, so that an interrupted evaluation goes on
    where it stopped.
    """
    from mtqa.bench.labelled.spec import files_of
    from mtqa.bench.reports import FORMATS, render
    from mtqa.output import chosen_format, colored, result_columns, write_result
    from mtqa.report.formats import RenderOptions

    given = _given(names, options["data"], options["corrupt"])
    output = options["output"]
    format_ = chosen_format(
        options["format_"],
        output,
        FORMATS,
        [
            *files_of(given.data, columns=options["columns"] if given.data else None),
            *given.clean,
            *([given.config] if given.config else []),
        ],
    )
    with Console(quiet=options["quiet"]) as console:
        evaluation = _evaluated(given, options, console)
    shown = RenderOptions(width=result_columns(output), color=colored(output))
    text = render(evaluation, format_, options=shown)
    write_result(text, output)
    if not options["quiet"] and (output not in (None, "-") or format_ == "json"):
        for warning in evaluation.warnings:
            say(warning)


def _given(names: tuple[str, ...], data: tuple[str, ...], clean: tuple[str, ...]) -> _Given:
    """CONFIG is the first name when it is a YAML; the others go on the list that was begun."""
    config, rest = (names[0], names[1:]) if names and _is_yaml(names[0]) else (None, names)
    if rest and bool(data) == bool(clean):
        what = "is it data or clean text?" if data else "name data with --data"
        raise UsageError(f"{one_line(rest[0], 100)}: {what} (see mtqa evaluate --help)")
    for name in rest:
        _check_further(name)
    data, clean = (*data, *(rest if data else ())), (*clean, *(rest if clean else ()))
    if not data and not clean:
        raise UsageError(
            "name labelled data with --data, or clean texts with --corrupt (see mtqa evaluate --help)"
        )
    return _Given(config, data, clean)


def _check_further(name: str) -> None:
    """A name without an option of its own is a file: a slip of the pen is not asked of the hub."""
    from mtqa.bench.labelled.spec import places
    from mtqa.bench.paths import is_file

    if not any(is_file(path) for path in places(name)):
        raise UsageError(
            f"{one_line(name, 100)}: no such file (CONFIG is a YAML file such as configs/default.yaml; "
            "a hub id needs a --data of its own)"
        )


def _is_yaml(name: str) -> bool:
    return Path(name).suffix.lower() in (".yaml", ".yml")


def _evaluated(given: _Given, options: dict[str, Any], console: Console) -> Evaluation:
    from mtqa.bench.evaluate import EvaluateSettings, evaluate_tables
    from mtqa.bench.groups import check_groups
    from mtqa.config import load_config
    from mtqa.detect.measures import check_measure
    from mtqa.evaluation import score_sets
    from mtqa.output import check_output
    from mtqa.pipeline import Ranker

    overrides = {key: options[key] for key in ("model", "measure", "context", "device")}
    config = load_config(
        given.config,
        **overrides,
        threads=options["threads"],
        ledger=False if options["no_ledger"] else None,
    )
    check_measure(config.measure, where=None if options["measure"] else given.config)
    check_output(options["output"], config.files, called="files of this run's settings")
    settings = EvaluateSettings(options["seed"], options["resamples"], _split(options["by"]))
    sets = _sets(given, options)
    check_groups(sets, settings.by)
    ranker = Ranker(config, progress=console)
    name = Path(given.config).stem if given.config else "default"
    changed = " ".join(f"{key}={value}" for key, value in overrides.items() if value is not None)
    tables = score_sets(sets, ranker, f"{name} {changed}".strip(), console)
    return evaluate_tables(tables, settings, progress=console)


def _split(by: tuple[str, ...]) -> tuple[str, ...]:
    """``--by a --by b`` and ``--by a,b``."""
    return tuple(dict.fromkeys(name.strip() for one in by for name in one.split(",") if name.strip()))


def _sets(given: _Given, options: dict[str, Any]) -> tuple[LabelledSet, ...]:
    from mtqa.evaluation import corrupted_sets, load_sets

    seed, limit = options["seed"], options["limit"]
    if options["columns"] and not given.data:
        raise UsageError("--columns says what columns of labelled data mean; name data with --data")
    labelled = load_sets(given.data, columns=options["columns"], limit=limit, seed=seed) if given.data else ()
    made = corrupted_sets(given.clean, seed=seed, limit=limit) if given.clean else ()
    return (*labelled, *made)
