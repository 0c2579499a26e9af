"""`mtqa calibrate`: what the detector's log-odds mean on texts of one's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from mtqa.console import Console, say
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

if TYPE_CHECKING:
    from mtqa.bench.calibrate import Fitted, Labelled
    from mtqa.config import Config
    from mtqa.records import Document

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
@config_option
@model_option
@context_option
@device_option
@threads_option
@input_format_option
@encoding_option
@no_ledger_option
@click.option("-o", "--output", metavar="FILE", help="Write the calibration there.")
@quiet_option
def calibrate(files: tuple[str, ...], output: str | None, quiet: bool, **options: Any) -> None:
    """Calibrate the detector to texts of your own.

    FILE is an article in which every sentence is sound, or labelled documents as JSON lines (.jsonl, as
    `mtqa corrupt` writes them). Sound sentences, at least 50, tell which log-odds are ordinary in your
    genre; rank --fdr goes by them. Twenty corrupted ones or more refit the probabilities too. The file
    belongs to one detector head, and to the context it was made with.
    """
    from mtqa.config import load_config
    from mtqa.output import check_output, write_result

    config = load_config(
        options["config_file"],
        **{key: options[key] for key in ("model", "context", "device", "threads")},
        ledger=False if options["no_ledger"] else None,
    )
    check_output(output, files)
    # The calibration that the config names is not read here: it may be made anew.
    settings = [path for path in (options["config_file"], config.detector) if path]
    check_output(output, settings, called="files of this run's settings")
    texts = [text for path in files for text in _texts(path, options["input_format"], options["encoding"])]
    fitted, detector = _fitted(texts, config, quiet=quiet)
    if not quiet:
        for note in fitted.notes:
            say(note)
    from mtqa.detect.calibration_file import calibration_text

    write_result(calibration_text(fitted.calibration, detector, fitted.made_from), output)


def _texts(path: str, format_: str | None, encoding: str | None) -> Iterator[Labelled]:
    from mtqa.bench.calibrate import labelled_documents, sound_article
    from mtqa.errors import one_line
    from mtqa.text.read import read_article, read_utf8

    if path.lower().endswith((".jsonl", ".ndjson")):
        yield from labelled_documents(read_utf8(path), one_line(path, 200))
    else:
        yield sound_article(read_article(path, format=format_, encoding=encoding))


def _fitted(texts: list[Labelled], config: Config, *, quiet: bool) -> tuple[Fitted, str]:
    """The calibration, and the digest of the head that it belongs to."""
    import dataclasses

    from mtqa.bench.calibrate import calibrate as fit
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
        warnings = _warnings([text.document for text in texts], ranker.identity.languages)
        made = dataclasses.replace(fitted.calibration, context=config.context)
    for warning in () if quiet else warnings:
        say(warning)
    return dataclasses.replace(fitted, calibration=made), ranker.head.digest


def _warnings(documents: Sequence[Document], languages: Sequence[str]) -> list[str]:
    """What reading the texts has told, and where they are in a language that is not learned; each once."""
    from mtqa.text.language import certain_language
    from mtqa.warned import of_language

    found: dict[str, None] = {}
    for document in documents:
        language = certain_language(document.text)
        told = (*document.warnings, *of_language(language, languages, detects=True))
        found.update((f"{document.path or 'text'}: {warning}", None) for warning in told)
    return list(found)
