"""How a comparison is worded: what terminal, Markdown and HTML share. Nothing here knows a format."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mtqa.bench.comparison.records import (
    Comparison,
    Contender,
    Cost,
    Difference,
    Estimate,
    MetricResult,
    SetResult,
)
from mtqa.bench.resample import unit
from mtqa.report.view import plural

HOW_TO_READ = (
    "Intervals hold 95 % of the bootstrap's draws of whole documents; one draw serves all configs. "
    "p: approximate randomisation (whole documents exchanged between two configs), after Holm's correction "
    "over the comparisons of a metric. The winning cluster (*) holds the best config and all that are not "
    "separated from it at 5 %."
)

#: A head's digest in a signature.
_HEAD = re.compile(r"\|detector:([0-9a-f]{12})\b")
NOTHING_APPLIES = "No metric applies to these data: they have neither labels nor scores."


def figure(value: float | None) -> str:
    """Three decimals, without the zero in front.

    >>> figure(0.3456), figure(-0.02), figure(1.0), figure(23.456), figure(None)
    ('.346', '-.020', '1.000', '23.46', 'n/a')
    >>> figure(156.81), figure(14707.15)
    ('156.8', '14,707')
    """
    if value is None:
        return "n/a"
    if abs(value) >= 10:
        return f"{value:,.{2 if abs(value) < 100 else 1 if abs(value) < 1000 else 0}f}"
    text = f"{value:.3f}"
    if float(text) == 0:
        return ".000"
    return text.replace("0.", ".", 1) if abs(float(text)) < 1 else text


def signed(value: float | None) -> str:
    """A difference, with its sign.

    >>> signed(0.01), signed(-0.2), signed(0.0)
    ('+.010', '-.200', '.000')
    """
    text = figure(value)
    return f"+{text}" if value is not None and value > 0 and text != ".000" else text


def interval(low: float | None, high: float | None) -> str:
    """Both ends in brackets, or nothing where there is no interval."""
    return "" if low is None or high is None else f"[{figure(low)}, {figure(high)}]"


def p_value(p: float | None) -> str:
    """Never 0, for no p-value of a randomisation is.

    >>> p_value(0.0004), p_value(0.0312), p_value(1.0), p_value(None)
    ('<.001', '.031', '1', 'n/a')
    """
    if p is None:
        return "n/a"
    if p < 0.001:
        return "<.001"
    return "1" if p > 0.9995 else f"{p:.3f}".replace("0.", ".", 1)


def against_best(metric: MetricResult, name: str) -> Difference | None:
    """What is known of the best config and this one, in that order."""
    best = metric.best
    return None if best is None or name == best else metric.difference(best, name)


def verdict(result: SetResult, metric: MetricResult, name: str) -> str:
    """One phrase for a config's standing on a metric of ``result``."""
    estimate = metric.estimates[name]
    if estimate.value is None:
        return estimate.note
    if name == metric.best:
        return "best"
    difference = against_best(metric, name)
    if difference is None or difference.p_holm is None:
        return "not compared"
    if difference.separated:
        return "separated from the best"
    more = difference.more_documents
    return "not separated" if more is None else f"not separated; {_more(result, more)}"


def _more(result: SetResult, count: int) -> str:
    drawn = unit(result.shape, grouped=result.clusters != result.documents)
    return f"about {plural(count, f'more {drawn}')} would"


def undecided(result: SetResult, metric: MetricResult) -> tuple[str, ...]:
    """Each config of the cluster with what would separate it from the best."""
    said = []
    for name in metric.cluster[1:]:
        difference = against_best(metric, name)
        more = difference.more_documents if difference is not None else None
        said.append(f"{name} ({_more(result, more)})" if more else name)
    return tuple(said)


def speed(cost: Cost | None) -> str:
    """Tokens a second, or why there is no such figure."""
    if cost is None:
        return "not timed"
    rate = cost.tokens_per_second
    if rate is None:
        return "from the ledger" if cost.ledger_tokens else "not timed"
    share = f", {cost.ledger_share:.0%} from the ledger" if cost.ledger_tokens else ""
    return f"{rate:,.0f} tokens/s{share}"


def seconds(cost: Cost | None) -> str:
    """What the model's part of the run took."""
    if cost is None or cost.tokens_per_second is None:
        return ""
    return f"{cost.seconds:.1f} s" if cost.seconds < 100 else f"{cost.seconds:,.0f} s"


def memory(cost: Cost | None) -> str:
    """Peak memory, where the model ran."""
    if cost is None or cost.peak_mb is None or cost.tokens_per_second is None:
        return ""
    return f"{cost.peak_mb:,.0f} MB"


def size(result: SetResult) -> str:
    """How much data a set has, and of which kind."""
    said = plural(result.documents, unit(result.shape, grouped=False))
    if result.clusters != result.documents:
        said += f" from {result.clusters:,} sources"
    return said if result.shape != "documents" else f"{said}, {result.sentences:,} sentences"


def settings_text(settings: Mapping[str, Any]) -> str:
    """``measure: perplexity, context: none``."""
    return ", ".join(f"{key}: {value}" for key, value in settings.items()) or "the defaults"


def heads_text(contenders: tuple[Contender, ...]) -> str:
    """The detector heads that read along: ``17ec7830523d``, with its configs where not all have it."""
    found: dict[str, list[str]] = {}
    for one in contenders:
        for digest in dict.fromkeys(_HEAD.findall(one.signature)):
            found.setdefault(digest, []).append(one.name)
    return "; ".join(
        digest if len(names) == len(contenders) else f"{digest} ({', '.join(names)})"
        for digest, names in found.items()
    )


def shared_settings(contenders: tuple[Contender, ...]) -> dict[str, Any]:
    """What all contenders set alike."""
    first = contenders[0].settings
    return {
        key: value
        for key, value in first.items()
        if all(key in c.settings and c.settings[key] == value for c in contenders)
    }


def own_settings(comparison: Comparison, contender: Contender) -> dict[str, Any]:
    """What the contender sets otherwise than all the others do."""
    shared = shared_settings(comparison.contenders)
    return {key: value for key, value in contender.settings.items() if key not in shared}


def estimate_text(estimate: Estimate) -> str:
    """Value and interval."""
    return f"{figure(estimate.value)} {interval(estimate.low, estimate.high)}".strip()


def better(metric: MetricResult) -> str:
    """Said only where it is not what one expects."""
    return "" if metric.higher_is_better else "; lower is better"
