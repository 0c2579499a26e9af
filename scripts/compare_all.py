"""Comparison sets on every labelled corpus: the tables of docs/results/.

    python scripts/compare_all.py configs/measures.yaml --data ../shared/data
    python scripts/compare_all.py configs/models.yaml configs/context.yaml --limit 200

For each SET writes SET.json (every corpus's whole comparison), SET.md (configs by corpora: the main figure,
the winning cluster bold) and SET/CORPUS.md (leaderboards, differences, cost) to the folder -o. Interrupted,
it goes on where it stopped: finished corpora are in SET.json, scored texts in the score ledger. Results of
another run (other configs, heads, limit …) are refused unless --anew is given.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpora import DATA, Corpus, Results, corpora, heads, row

from mtqa import __version__
from mtqa.bench.comparison.as_json import record
from mtqa.bench.comparison.build import CompareSettings
from mtqa.bench.comparison.checks import check_metrics
from mtqa.bench.comparison.formats import render_comparison
from mtqa.bench.comparison.words import figure
from mtqa.comparison import compare, named_configs
from mtqa.config import NamedConfig
from mtqa.console import Console
from mtqa.errors import MtqaError, UsageError
from mtqa.report.write import write_report


def main() -> int:
    """Parse the arguments, run, write."""
    options = _options()
    try:
        check_metrics(options.metric)
        found = corpora(options.data, options.corpora)
        sets = [(path.stem, named_configs([path])) for path in options.sets]
        names = [name for name, _ in sets]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise UsageError(f"two sets go by the name {twice!r}, and so would what they write: rename one")
        # All before the first is scored: what is refused is told at once.
        opened = [(name, configs, _results(name, configs, options)) for name, configs in sets]
        for name, configs, results in opened:
            _compare(name, configs, found, results, options)
            print("\n".join(markdown(name, results)), end="\n\n")
    except MtqaError as error:
        print(f"compare_all: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET", help="a comparison set, as in configs/")
    parser.add_argument("--data", type=Path, default=DATA, help="the corpora's folder")
    parser.add_argument("--corpora", nargs="*", default=[], help="only those whose name begins so")
    parser.add_argument(
        "--limit", type=int, default=0, help="documents, pairs or sentences of each; 0 is all"
    )
    parser.add_argument("--metric", nargs="*", default=[], help="only these; without it the usual ones")
    parser.add_argument("--resamples", type=int, default=1000, help="draws and randomisations")
    parser.add_argument("--anew", action="store_true", help="throw away what SET.json holds")
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/results"), help="folder to write to")
    return parser.parse_args()


def _results(name: str, configs: tuple[NamedConfig, ...], options: argparse.Namespace) -> Results:
    run = {
        "version": __version__,
        "heads": heads(one.config for one in configs),
        "configs": {one.name: one.config.model_dump() for one in configs},
        "limit": options.limit,
        "resamples": options.resamples,
        "seed": CompareSettings().seed,
        "metrics": options.metric,
    }
    return Results(options.output / f"{name}.json", run, anew=options.anew)


def _compare(
    name: str,
    configs: tuple[NamedConfig, ...],
    found: list[Corpus],
    results: Results,
    options: argparse.Namespace,
) -> None:
    settings = CompareSettings(
        metrics=tuple(options.metric), draws=options.resamples, randomisations=options.resamples
    )
    for number, corpus in enumerate(found, start=1):
        done = results.has(corpus)
        said = ": done already" if done else ""
        print(f"[{number}/{len(found)}] {name} on {corpus.name}{said}", file=sys.stderr, flush=True)
        if not done:
            with Console() as console:
                one = compare(configs, corpus.path, settings=settings, limit=options.limit, progress=console)
            place = options.output / name / f"{corpus.name.replace('/', '-')}.md"
            place.parent.mkdir(parents=True, exist_ok=True)
            write_report(render_comparison(one, "markdown"), str(place))
            results[corpus.name] = record(one)
        write_report("\n".join(markdown(name, results)) + "\n", str(options.output / f"{name}.md"))


def markdown(name: str, results: Results) -> Iterator[str]:
    """Configs by corpora: the main metric's value, the winning cluster bold, and how often each is in it."""
    held = [(corpus, r["data"][0]) for corpus, r in results.items() if r["data"][0]["main"] is not None]
    configs = next(([c["name"] for c in r["configs"]] for _, r in results.items()), [])
    yield from (
        f"# {name}",
        "",
        "Bold: in the winning cluster (not separated from the best at 5 %, Holm).",
        "",
    )
    yield row("config", *(f"[{corpus}]({name}/{corpus.replace('/', '-')}.md)" for corpus, _ in held), "wins")
    yield "| --- |" + " ---: |" * (len(held) + 1)
    yield row("*metric*", *(f"*{data['main']}*" for _, data in held), "")
    for config in configs:
        cells = [_cell(data, config) for _, data in held]
        yield row(config, *cells, str(sum(cell.startswith("**") for cell in cells)))
    chance = [data["metrics"][data["main"]]["chance"] for _, data in held]
    yield row("chance", *("" if c is None else figure(c) for c in chance), "")


def _cell(data: dict[str, Any], config: str) -> str:
    main = data["metrics"][data["main"]]
    shown = figure(main["values"][config]["value"])
    return f"**{shown}**" if config in main["cluster"] else shown


if __name__ == "__main__":
    sys.exit(main())
