"""Article to report: the one place where the rooms are joined.

`Ranker` holds a loaded model and ranks any number of articles; `rank` and `score` are the functions of
the public API, which make one for a single article.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtqa.config import Config, ConfigLike, as_config, make_config
from mtqa.detect.calibrate import Calibration
from mtqa.detect.calibration_file import load_calibration
from mtqa.detect.head import Head, find_head
from mtqa.detect.measures import AUTO, DETECTOR, auto_measure, check_measure
from mtqa.detect.rank import NO_DETECTOR, RankSettings, rank_sentences
from mtqa.detect.sentence import text_signature
from mtqa.detect.unigrams import frequency_language
from mtqa.detect.verdict import FDR, judge, only_found
from mtqa.errors import InputError, UsageError
from mtqa.lm.backend import Backend
from mtqa.lm.ledger_codec import Scored
from mtqa.lm.passages import concatenate, passages
from mtqa.lm.progress import NoProgress, Progress
from mtqa.lm.quiet import load_torch, resting_collector
from mtqa.lm.score import score_passages
from mtqa.lm.windows import DEFAULT_WINDOW
from mtqa.records import Document, Finding, ModelIdentity, Passage, Report, TokenScores, Verdict
from mtqa.repairing import REPAIRED, Scene, repair_findings
from mtqa.text.language import certain_language
from mtqa.text.offsets import LineIndex
from mtqa.text.quotes import quote_faults_apart
from mtqa.text.read import document_from_text, read_article
from mtqa.warned import of_calibration, of_language, of_sentences, of_verdict, own_language

if TYPE_CHECKING:
    from mtqa.lm.ledger import KnownScores
    from mtqa.lm.local import ModelFiles

Source = str | os.PathLike[str] | Document

_NO_FDR = (
    "fdr {:g}: this needs a calibrated detector, and there is none for this model (mtqa comes with those "
    "of smollm2-135m and gemma-3-270m); leave --fdr out, or name a head's file with detector: in the config"
)


#: One model at a time: transformers changes settings of the whole process while it loads one.
_LOADING = threading.RLock()


@dataclass(slots=True)
class Work:
    """What a ranker has asked of its model: tokens scored and the seconds that took, loading left out.

    ``ledger_tokens`` were known to the score ledger. It counts up while the ranker works.
    """

    tokens: int = 0
    seconds: float = 0.0
    ledger_tokens: int = 0


class Ranker:
    """Ranks articles with one config; the model is loaded when it is first needed, and once.

    What the score ledger knows needs no model. A ``backend`` of the caller's own is always asked.
    Threads may share one; the model's passes take turns, so that on the CPU they gain nothing. Processes have
    one each, and may share the ledger on a local disk: give them ``threads``, so that the cores suffice.
    """

    def __init__(
        self,
        config: ConfigLike | None = None,
        *,
        backend: Backend | None = None,
        progress: Progress | None = None,
    ) -> None:
        """``backend`` replaces the config's model; ``progress`` has ``update(stage, done, total)``.

        Raises `UsageError` for an unknown measure or a calibration file that is none.
        """
        self.config = as_config(config)
        check_measure(self.config.measure)
        wanted = self.config.calibration
        self._own_calibration = load_calibration(wanted) if wanted is not None else None
        self._progress = progress or NoProgress()
        self._backend = backend
        self._identity: ModelIdentity | None = None
        self._known: KnownScores | None = None
        self._model_files: ModelFiles | None = None
        self._head: Head | None = None
        self._head_sought = False
        self._ledger = self.config.ledger and backend is None
        self._lender: Ranker | None = None
        self._given = backend is not None
        self.work = Work()

    @property
    def backend(self) -> Backend:
        """The model, fetched and loaded if need be. Raises `ModelError`."""
        if self._backend is None:
            with _LOADING:
                if self._backend is None:
                    lent = self._lender.backend if self._lender else None
                    self._backend = lent or load_backend(self.config, self._progress)
        return self._backend

    def in_context(self, context: str) -> Ranker:
        """A ranker with the same model that reads sentences in another context; both count as one."""
        other = self.with_config(make_config({**self.config.model_dump(), "context": context}))
        other.work = self.work
        return other

    def with_config(self, config: Config) -> Ranker:
        """A ranker of another config for the same model, loaded once for both. A caller's own is kept.

        The configs must agree in model, device, dtype, threads and start token.
        """
        other = Ranker(config, backend=self._backend if self._given else None, progress=self._progress)
        other._lender = self
        return other

    @property
    def identity(self) -> ModelIdentity:
        """What of the model moves its numbers; the model is loaded only where nothing has told it yet."""
        return self._identity if self._identity is not None else self.backend.identity

    @property
    def head(self) -> Head | None:
        """The detector head that reads the model's states, if there is one. Raises `ConfigError`."""
        if not self._head_sought:
            self._head = find_head(self.config.detector, self._weights_sha256())
            self._head_sought = True
        return self._head

    @property
    def calibration(self) -> Calibration | None:
        """The config's own, else the head's, or None. Raises `UsageError`, also where ``fdr`` needs one."""
        if self._own_calibration is not None:
            return self._own_calibration.for_head(self.head.digest if self.head else None)
        found = self.head.calibration_for(self.config.context) if self.head else None
        if found is None and self.config.fdr is not None:
            raise UsageError(_NO_FDR.format(self.config.fdr))
        return found

    @property
    def measure(self) -> str:
        """The measure that ranks: what ``auto`` comes to with this model. Raises `UsageError` for none."""
        wanted = self.config.measure
        if wanted == DETECTOR and self.head is None:
            raise UsageError(NO_DETECTOR)
        return auto_measure(self.head) if wanted == AUTO else wanted

    def _weights_sha256(self) -> str:
        return self.backend.identity.weights_sha256 if self._backend else self._files().weights_sha256

    def _files(self) -> ModelFiles:
        if self._model_files is None:
            from mtqa.lm.fetch import ensure_model

            self._model_files = ensure_model(self.config.model, progress=self._progress)
        return self._model_files

    def score(self, source: Source, *, layers: Sequence[int] = ()) -> TokenScores:
        """Every token of an article (see `rank`), scored once, in the config's context, in its positions.

        Taken from the score ledger where it is there, unless hidden states are asked for. The detector head
        reads along where the model has one, whatever measure ranks.
        """
        pieces = passages(as_document(source), self.config.context)
        if layers or not self._ledger:
            return self._scored(pieces, layers)
        known = self._known_scores()
        found = known.get(pieces)
        if found is not None:
            self.work.ledger_tokens += len(found.scores)
        else:
            found = Scored(self._scored(pieces), self.backend.identity)
            known.put(pieces, found)
        self._learn(found.identity)
        return found.scores

    def _learn(self, identity: ModelIdentity) -> None:
        """Also for the ranker whose model this one borrows: it need not load it to know it."""
        self._identity = identity
        if self._lender is not None:
            self._lender._learn(identity)

    def _scored(self, pieces: Sequence[Passage], layers: Sequence[int] = ()) -> TokenScores:
        size, limit = self.config.window, self.backend.identity.max_tokens
        if size is not None and size > limit:
            raise UsageError(f"window {size}: {self.backend.identity.name} reads at most {limit} tokens")
        reader, started = (None if layers else self.head), time.perf_counter()
        scores = concatenate(
            score_passages(
                self.backend,
                pieces,
                window=size,
                layers=layers,
                reader=reader,
                on_progress=lambda done, total: self._progress.update("scoring", done, total),
            )
        )
        self.work.tokens += len(scores)
        self.work.seconds += time.perf_counter() - started
        return scores

    def _known_scores(self) -> KnownScores:
        if self._known is None:
            from mtqa.lm.ledger import KnownScores

            digest = self.head.reading if self.head else None
            self._known = KnownScores(self.config, self._files(), digest)
        return self._known

    def rank(self, source: Source, *, repaired: int = REPAIRED) -> Report:
        """An article's sentences, most suspicious first; ``source`` is a path, a text or a `Document`.

        A text that others send: ``document_from_text(text)``; a `str` that names a file is read as that file.
        Repairs are looked for in the first ``repaired`` of them, unless the config says not to.
        """
        if repaired < 0:
            raise UsageError(f"repaired is {repaired}: a number of sentences, or 0 for no repairs")
        measure, calibration = self.measure, self.calibration  # asked before any work: they may be wrong
        document = _lines_apart(as_document(source), self.config.context)
        # The detector's tables take a third of a second to unpack: done while the model is loaded.
        with ThreadPoolExecutor(max_workers=1) as beside:
            detected = beside.submit(certain_language, document.text)
            scores = self.score(document)
            language = detected.result()
        config, model = self.config, self.identity
        recall_holds = measure == DETECTOR and self._own_calibration is None
        frequencies = frequency_language(language or own_language(model.languages))
        settings = self._rank_settings(frequencies)
        ranking = rank_sentences(document, scores, settings, LineIndex(document.source).line_of)
        if not ranking.findings:
            raise InputError(f"{document.path or 'text'}: no sentence in it has a token to score")
        findings, verdict = self._judged(ranking.findings, calibration)
        mended, unfinished = repair_findings(
            Scene(document, passages(document, config.context), scores),
            findings[:repaired],
            config,
            model=lambda: self.backend,
            known=self._known_scores().repairs if self._ledger else None,
            loaded=self._backend is not None,
            progress=self._progress,
        )
        return Report(
            document=document,
            signature=f"{self.signature()}|frequencies:{frequencies}",
            measure=measure,
            model=model,
            findings=mended + findings[len(mended) :],
            words=ranking.words,
            warnings=document.warnings
            + of_language(language, model.languages, detects=measure == DETECTOR)
            + of_sentences(document, ranking.findings, config.context)
            + of_calibration(calibration, config.context)
            + (verdict.warnings if verdict else ())
            + unfinished,
            settings=config.model_dump(),
            verdict=verdict,
            fdr=config.fdr,
            recall_by_type=self.head.recall_in(config.context) if self.head and recall_holds else {},
        )

    def _rank_settings(self, frequencies: str) -> RankSettings:
        """``frequencies``: the language whose word frequencies count."""
        return RankSettings(
            measure=self.measure,
            threshold_nats=self.config.threshold_nats,
            k=self.config.k,
            language=frequencies,
            context=self.config.context,
            sentences=self.head.sentences if self.head else None,
            words=self.head.words_for(self.config.context) if self.head else None,
        )

    def _judged(
        self, findings: tuple[Finding, ...], calibration: Calibration | None
    ) -> tuple[tuple[Finding, ...], Verdict | None]:
        """What the report lists, and the verdict where the detector is calibrated."""
        if calibration is None:
            return findings, None
        fdr = self.config.fdr
        judged, verdict = judge(findings, calibration, fdr or FDR)
        verdict = replace(verdict, doubts=of_verdict(verdict, calibration, whole=fdr is None))
        return (only_found(judged, fdr) if fdr is not None else judged), verdict

    def signature(self) -> str:
        """One line that names every choice that moves a number."""
        from mtqa import __version__

        c, model = self.config, self.identity
        window = c.window or min(DEFAULT_WINDOW, model.max_tokens)
        return (
            f"mtqa:{__version__}|{model.signature()}|context:{c.context}|window:{window}"
            f"|measure:{self.measure}{self._detector_signature()}|threshold:{c.threshold_nats:g}|k:{c.k}"
        )

    def _detector_signature(self) -> str:
        own, fdr = self._own_calibration, self.config.fdr
        return (
            (f"|detector:{self.head.digest[:12]}" if self.head else "")
            + (text_signature() if self.head and self.config.context != "none" else "")
            + (f"|calibration:{own.digest[:12]}" if own else "")
            + (f"|fdr:{fdr:g}" if fdr is not None else "")
        )


def rank(text_or_path: Source, config: ConfigLike | None = None, **overrides: Any) -> Report:
    """Rank the sentences of one article, most suspicious first.

    ``text_or_path``: a path, a `Document`, or a text. A `pathlib.Path` is always a file. A `str` of one line
    that names a file, or reads like the name of one (no blank, and ends in .txt or the like or is an
    address), is a path; any other `str` is a text. A text that others send:
    ``rank(mtqa.document_from_text(text))``; a `str` that names a file is read as that file.
    ``overrides`` are `Config` fields: ``rank(path, measure="perplexity")``. Raises `mtqa.MtqaError`.

    >>> mtqa.rank("article.txt").findings[0].text   # doctest: +SKIP
    """
    document = as_document(text_or_path)
    return Ranker(_merged(config, overrides)).rank(document)


def score(text_or_path: Source, config: ConfigLike | None = None, **overrides: Any) -> TokenScores:
    """Surprisal, entropy and the rest for every token of one article, in nats, in its context."""
    document = as_document(text_or_path)
    return Ranker(_merged(config, overrides)).score(document)


def _lines_apart(document: Document, context: str) -> Document:
    """Of lines that are read without context, one's quotation marks are no partners of another's."""
    if document.format != "lines" or context != "none":
        return document
    return replace(document, quote_faults=quote_faults_apart(document.text, document.sentences))


def as_document(source: Source) -> Document:
    """A `Document` from whatever `rank` takes. Raises `InputError`."""
    if isinstance(source, Document):
        return source
    if isinstance(source, os.PathLike):
        return read_article(os.fspath(source))
    if not isinstance(source, str):
        raise InputError(f"an article is a text, a path or a Document, not a {type(source).__name__}")
    if _names_a_file(source):
        return read_article(source)
    return document_from_text(source, format=None)


def _names_a_file(text: str) -> bool:
    if not text or "\n" in text or len(text) > 1024:
        return False
    try:
        os.stat(text)
        there = True
    except PermissionError:  # in a closed folder; in a closed working directory every text has this
        there = any(map(os.path.lexists, Path(text).parts[:1]))
    except (OSError, ValueError):
        there = False
    return there or _NAME.fullmatch(text) is not None


#: A name and no sentence: an address, or one word that ends as names of files do that somebody might give.
_NAME = re.compile(
    r"\s*(?:[a-z][a-z0-9+.-]*://\S+|\S+\.(?:txt|text|md|mdown|markdown|x?html?|srt|vtt|sbv|ass|csv|tsv|tab|jsonl?"
    r"|ndjson|parquet|pdf|docx?|odt|rtf|epub))\s*",
    re.IGNORECASE,
)


def load_backend(config: Config, progress: Progress) -> Backend:
    """The config's model, ready to score. Raises `ModelError`, `ConfigError`."""
    from mtqa.lm.fetch import ensure_model

    files = ensure_model(config.model, progress=progress)
    progress.update("loading the model", 0, None)
    with resting_collector():
        load_torch()
        from mtqa.lm.torch_causal import LoadOptions, TorchCausalBackend

        options = LoadOptions(
            device=config.device, dtype=config.dtype, threads=config.threads, start_token=config.start_token
        )
        return TorchCausalBackend(files, options)


def _merged(config: ConfigLike | None, overrides: dict[str, Any]) -> Config:
    return make_config({**as_config(config).model_dump(), **overrides}) if overrides else as_config(config)
