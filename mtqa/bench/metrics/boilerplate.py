"""Boilerplate lines have figures of their own: does the text room leave out what it should, and only that?

It is the same for every config; labelled documents come segmented, so that rule is asked line by line.
"""

from __future__ import annotations

import numpy as np

from mtqa.bench.metrics.base import Prepared, by_document, ratio
from mtqa.bench.records import Array, ScoreTable
from mtqa.text.boilerplate import reason_for


def _lines(table: ScoreTable) -> tuple[Array, Array]:
    """Per sentence ``(n,)``: is it boilerplate, and would mtqa leave it out?"""
    sentences = list(table.data.sentences())
    gold = np.array([float(s.boilerplate) for s in sentences])
    left_out = np.array([float(reason_for(s.text) is not None) for s in sentences])
    return gold, left_out


def boilerplate_recall(table: ScoreTable) -> Prepared:
    """The share of the boilerplate lines that mtqa would not rank."""
    gold, left_out = _lines(table)
    both, all_gold = by_document(table, gold * left_out), by_document(table, gold)
    return ratio(int(gold.sum()), both, all_gold, "no line is marked as boilerplate")


def boilerplate_precision(table: ScoreTable) -> Prepared:
    """The share of boilerplate among the lines that mtqa would not rank."""
    gold, left_out = _lines(table)
    both, all_out = by_document(table, gold * left_out), by_document(table, left_out)
    return ratio(int(left_out.sum()), both, all_out, "mtqa would rank every line")
