"""`mtqa corrupt`: labelled documents from clean text, to measure mtqa on texts of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mtqa.console import Console, say
from mtqa.options import quiet_option
from mtqa.report.safe import json_surrogates

if TYPE_CHECKING:
    from mtqa.bench.corrupt import CorruptSettings
    from mtqa.bench.corruptions.resources import Proposer

_EXAMPLES = """
Examples:

\b
  mtqa corrupt clean.txt -o labelled.jsonl
  mtqa corrupt *.txt --seed 3 --share 0.1 0.3 --types wrong_sense,loop
  mtqa corrupt *.txt --model smollm2-135m --types sampled_tail,sampled_bland
  mtqa corrupt *.txt --types round_trip
  mtqa corrupt --list
"""


@click.command(epilog=_EXAMPLES, short_help="Make labelled documents from clean articles.")
@click.argument("articles", nargs=-1, metavar="FILE...")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, metavar="N", help="The same seed, the same output."
)
@click.option(
    "--share",
    type=(float, float),
    default=(0.10, 0.20),
    metavar="LOW HIGH",
    help="Share of sentences (0.1 0.2).",
)
@click.option("--types", metavar="NAME,NAME", help="Only these types; --list shows them.")
@click.option(
    "--model",
    metavar="NAME",
    help="The language model that the sampled types ask: a name of `mtqa models`, a directory, or a hub id.",
)
@click.option("--visible-only", is_flag=True, help="No types that only the source would show.")
@click.option(
    "--list",
    "list_types",
    is_flag=True,
    help="List the types of corruption, with their severity and how often each is drawn, and stop.",
)
@click.option("-o", "--output", metavar="FILE", help="Write the JSON lines there.")
@quiet_option
def corrupt(articles: tuple[str, ...], list_types: bool, output: str | None, **options: Any) -> None:
    """Corrupt a share of the sentences of clean articles, each labelled with type, severity and spans.

    FILE is an article as for `mtqa rank`, - for stdin, or JSON lines of clean documents (doc, paragraphs).
    One JSON object a line, in the documents shape of docs/evaluation.md. Needs lemminflect (pip install
    'mtqa[corrupt]') and WordNet's data (apt-get install wordnet-base).

    The types whose name begins with sampled_ let a language model write words or a sentence's end: name
    it with --model and them with --types. It runs on the CPU, up to a second a sentence; the same seed
    gives the same text on the same machine. round_trip takes sentences to another language and back, by
    the translation engine Apertium (apt-get install apertium apertium-eng-spa apertium-eng-cat).
    """
    from mtqa.errors import UsageError
    from mtqa.output import check_output, write_result

    if list_types:
        return _list()
    if not articles:
        raise UsageError("name at least one article, or - for standard input (see mtqa corrupt --help)")
    check_output(output, articles, called="articles")
    write_result("".join(_lines(articles, options)), output)


def _lines(articles: tuple[str, ...], options: dict[str, Any]) -> list[str]:
    import json

    from mtqa.bench.apertium import Apertium
    from mtqa.bench.corrupt import CorruptSettings, asks_translator
    from mtqa.bench.labelled.made import clean_articles, corrupted_records, not_in_english

    weights = _weights(options["types"])
    settings = CorruptSettings(share=options["share"], weights=weights, visible_only=options["visible_only"])
    translator = Apertium() if asks_translator(settings) else None
    documents = list(clean_articles(articles))
    if not options["quiet"]:
        for warning in not_in_english(documents):
            say(warning)
    with Console(quiet=options["quiet"]) as console:
        proposer = _proposer(options["model"], settings, console)
        records = corrupted_records(
            documents,
            seed=options["seed"],
            settings=settings,
            proposer=proposer,
            translator=translator,
        )
        lines = []
        for record in records:
            lines.append(json_surrogates(json.dumps(record, ensure_ascii=False)) + "\n")
            console.update("corrupting", len(lines), len(documents))
    return lines


def _proposer(model: str | None, settings: CorruptSettings, console: Console) -> Proposer | None:
    """The model that the types ask. Raises `UsageError` where one of the two is given without the other."""
    from mtqa.bench.corrupt import check_proposer
    from mtqa.bench.corruptions.registry import TYPES
    from mtqa.errors import UsageError

    if model is None:
        check_proposer(settings, None)
        return None
    asking = [name for name, kind in TYPES.items() if kind.needs_proposer]
    if not set(asking) & set(settings.types()):
        raise UsageError(f"--model {model}: no type here asks a model; name some: --types {','.join(asking)}")
    from mtqa.bench.proposer import load_proposer

    return load_proposer(model, progress=console)


def _weights(wanted: str | None) -> dict[str, float]:
    """All types but the wanted ones turned off; an unknown one is left for the settings to refuse."""
    from mtqa.bench.corruptions.registry import TYPES

    if wanted is None:
        return {}
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    return {name: 0.0 for name in TYPES if name not in names} | {
        name: (TYPES[name].weight or 1.0) if name in TYPES else 1.0 for name in names
    }


def _list() -> None:
    import textwrap

    from mtqa.bench.corruptions.registry import TYPES
    from mtqa.bench.type_summaries import SUMMARIES
    from mtqa.output import terminal_columns

    width, indent = terminal_columns(), " " * 4
    for name, kind in TYPES.items():
        needs = " (needs a language model)" if kind.needs_proposer else ""
        needs += " (needs Apertium)" if kind.needs_translator else ""
        made_by = f" (made by {kind.drawn_with})" if kind.drawn_with else ""
        hidden = "" if kind.visible else " (only the source would show it)"
        click.echo(f"{name:22}{kind.severity:8}weight {kind.weight:g}{hidden}{needs}{made_by}")
        click.echo(textwrap.fill(SUMMARIES[name], width, initial_indent=indent, subsequent_indent=indent))
