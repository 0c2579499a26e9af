"""What each model's detector head is trained on: corpora with their weights and licences, shares, layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: Writes the sentences of `detector_sampled`, whichever model is to read them.
WRITER = "smollm2-135m"


@dataclass(frozen=True)
class Plan:
    """What a model's head is made of: which layers, and of which corpora only a share of the texts is read.

    ``weights``: of corpora that count otherwise than `CORPORA` has it. ``without``: corpora that are not
    read at all.
    """

    layers: tuple[int, ...]
    shares: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    without: tuple[str, ...] = ()

    def weight(self, corpus: str) -> float:
        """How much of the corpus an epoch takes."""
        return self.weights.get(corpus, CORPORA[corpus][0])


#: A quarter of the texts teaches Gemma's head nearly all that there is to learn (docs/log.md), and it reads
#: 160 tokens a second: its vocabulary is five times as large. The default model reads less of what is
#: plentiful (annotated talks, what rules make of articles): its head has two hours.
PLANS = {
    WRITER: Plan(
        (16, 20),
        {
            "speeches": 0.75,
            "post_edits": 0.85,
            "sampled": 0.8,
            "written_rules": 0.5,
            "written_sampled": 0.8,
            "collocations": 0.7,
            "engine": 0.9,
            "unedited": 0.9,
            "mqm_ted": 0.5,
        },
    ),
    "gemma-3-270m": Plan(
        (8, 10, 12),
        {
            "speeches": 0.25,
            "web_rules": 0.2,
            "spun": 0.25,
            "post_edits": 0.12,
            "demetr": 0.3,
            "sampled": 0.3,
            "written": 0.5,
            "written_rules": 0.25,
            "written_sampled": 0.3,
            "written_spun": 0.5,
            "written_mt": 0.5,
            "collocations": 0.4,
            "engine": 0.4,
            "unedited": 0.4,
            "mlqe_ro": 0.15,
            "mlqe_et": 0.15,
            "mlqe_ru": 0.15,
            "mqm_ted": 0.15,
            "mqm_bio_de": 0.4,
            "mqm_bio_es": 0.4,
        },
        {"mqm_ted": 0.2},
        # They were written after it was trained.
        without=("implausible",),
    ),
}
#: Corpus → how much of it an epoch takes (a balance between made corruptions and real translations), licence.
CORPORA = {
    "speeches": (1.0, "public domain"),
    "web": (3.0, "CC BY-SA 4.0"),
    "web_rules": (1.0, "CC BY-SA 4.0"),
    "spun": (1.0, "CC BY-SA 4.0 (web pages), Apache-2.0 (articles), CC BY 4.0 (words)"),
    "post_edits": (0.8, "CC0 1.0, CC BY 4.0 (words)"),
    "demetr": (1.0, "MIT"),
    "sampled": (0.8, "public domain (speeches), sentences written by the model"),
    "written": (1.0, "Apache-2.0"),
    "written_rules": (1.0, "Apache-2.0"),
    "written_sampled": (0.8, "Apache-2.0, sentences written by the model"),
    "written_spun": (2.0, "Apache-2.0"),
    "written_mt": (2.0, "Apache-2.0"),
    "implausible": (3.0, "Apache-2.0"),
    "collocations": (1.0, "CC BY-SA 4.0 (web pages), Apache-2.0 (articles), public domain (speeches)"),
    "engine": (1.2, "public domain (speeches), Apache-2.0 (articles)"),
    "unedited": (1.2, "public domain (speeches), Apache-2.0 (articles), CC0 1.0 (post-edits)"),
    "mlqe_ro": (1.0, "CC0 1.0"),
    "mlqe_et": (1.0, "CC0 1.0"),
    "mlqe_ru": (1.0, "CC0 1.0"),
    "mqm_ted": (0.4, "Apache-2.0 (annotations)"),
    "mqm_bio_de": (0.35, "Apache-2.0 (annotations)"),
    "mqm_bio_es": (0.25, "Apache-2.0 (annotations)"),
}
