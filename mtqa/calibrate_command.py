"""`mtqa calibrate`: what the detector's log-odds mean on texts of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mtqa.bench.calibrate import Fitted, Labelled
    from mtqa.config import Config

_EXAMPLES = """
Examples:

\b
  mtqa calibrate sound/*.txt -o calibration.json
  mtqa rank article.txt --calibration calibration.json --fdr 0.1
  mtqa corrupt sound/*.txt -o labelled.jsonl
  mtqa calibrate labelled.jsonl -o calibration.json
"""


@click.command(epilog=_EXAMPLES)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--config", "config_file", metavar="FILE", help="YAML config; see configs/ for examples.")
@click.option("--model", metavar="NAME", help="A name of `mtqa models`, a directory, or a hub id.")
@click.option("--context", metavar="WHICH", help="Read a sentence in its document, paragraph, or none.")
@click.option(
    "--encoding", metavar="NAME", help="The articles' character encoding, where it can't be guessed."
)
@click.option("-o", "--output", metavar="FILE", help="Write the calibration there.")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no notes on stderr.")
def calibrate(files: tuple[str, ...], output: str | None, quiet: bool, **options: Any) -> None:
    """Calibrate the detector to texts of your own.

    FILE is an article in which every sentence is sound, or labelled documents as JSON lines (.jsonl, as
    `mtqa corrupt` writes them). Sound sentences, at least 50, tell which log-odds are ordinary in your
    genre; rank --fdr goes by them. Twenty corrupted ones or more refit the probabilities too. The file
    belongs to one detector head, and to the context it was made with.
    """
    from mtqa.config import load_config
    from mtqa.output import check_output, write_result

    config = load_config(options["config_file"], model=options["model"], context=options["context"])
    check_output(output, files)
    # The calibration that the config names is not read here: it may be made anew.
    settings = [path for path in (options["config_file"], config.detector) if path]
    check_output(output, settings, called="files of this run's settings")
    texts = [text for path in files for text in _texts(path, options["encoding"])]
    fitted, detector = _fitted(texts, config, quiet=quiet)
    if not quiet:
        for note in fitted.notes:
            click.echo(f"mtqa: {note}", err=True)
    from mtqa.detect.calibration_file import calibration_text

    write_result(calibration_text(fitted.calibration, detector, fitted.made_from), output)


def _texts(path: str, encoding: str | None) -> Iterator[Labelled]:
    from mtqa.bench.calibrate import labelled_documents, sound_article
    from mtqa.errors import one_line
    from mtqa.text.read import read_article, read_utf8

    if path.lower().endswith((".jsonl", ".ndjson")):
        yield from labelled_documents(read_utf8(path), one_line(path, 200))
    else:
        yield sound_article(read_article(path, encoding=encoding))


def _fitted(texts: list[Labelled], config: Config, *, quiet: bool) -> tuple[Fitted, str]:
    """The calibration, and the digest of the head that it belongs to."""
    import dataclasses

    from mtqa.bench.calibrate import calibrate as fit
    from mtqa.console import Console
    from mtqa.detect.rank import NO_DETECTOR
    from mtqa.errors import UsageError
    from mtqa.pipeline import Ranker

    with Console(quiet=quiet) as console:
        # What is fitted here takes the place of what the config has.
        plain = {"fdr": None, "calibration": None, "repair": False}
        ranker = Ranker(config.model_copy(update=plain), progress=console)
        if ranker.head is None:
            raise UsageError(NO_DETECTOR)
        fitted = fit(texts, ranker.rank, ranker.head.calibration_for(config.context))
        made = dataclasses.replace(fitted.calibration, context=config.context)
        return dataclasses.replace(fitted, calibration=made), ranker.head.digest
