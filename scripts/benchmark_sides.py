"""One side of the benchmark in a process of its own: bare torch, mtqa, minicons or lmppl.

``python benchmark_sides.py SIDE MODEL_DIRECTORY THREADS DEVICE`` reads a task a line (JSON) from stdin
and answers with a line of JSON on stdout. Peers run in environments without mtqa: only the side that needs
it imports it.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import warnings
from typing import Any


class Bare:
    """The model's own forward pass and head in plain torch; nothing is computed from the logits."""

    def __init__(self, folder: str, device: str, dtype: str = "float32") -> None:
        import torch
        from transformers import AutoModelForCausalLM

        self._device = device
        self._model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype)).to(device)

    def run(self, task: dict[str, Any]) -> dict[str, Any]:
        """``ids``: batches of rows, start token included: mtqa's own batches, padded on the right."""
        import torch

        begin = time.perf_counter()
        with torch.inference_mode():
            for rows in task["ids"]:
                width = max(map(len, rows))
                padded = [row + [row[0]] * (width - len(row)) for row in rows]
                self._model(torch.tensor(padded, device=self._device), use_cache=False).logits  # noqa: B018
            if self._device == "cuda":
                torch.cuda.synchronize()
        return {"seconds": time.perf_counter() - begin}


class Mtqa:
    """mtqa with all of its statistics and its detector, from the text on."""

    def __init__(self, folder: str, device: str, dtype: str = "float32") -> None:
        from mtqa.detect.head import head_for
        from mtqa.lm.fetch import ensure_model
        from mtqa.lm.torch_causal import LoadOptions, TorchCausalBackend

        self._backend = TorchCausalBackend(ensure_model(folder), LoadOptions(device=device, dtype=dtype))
        self._head = head_for(self._backend.identity.weights_sha256)

    def run(self, task: dict[str, Any]) -> dict[str, Any]:
        """Documents one at a time, as `mtqa rank` does; sentences together, as ``context: none`` does."""
        from mtqa.lm.score import score_passages
        from mtqa.records import Passage

        passages = [Passage(text, 0) for text in task["texts"]]
        groups = [passages] if task["kind"] == "sentences" else [[p] for p in passages]
        begin = time.perf_counter()
        scores = [one for group in groups for one in score_passages(self._backend, group, reader=self._head)]
        seconds = time.perf_counter() - begin
        answer: dict[str, Any] = {
            "seconds": seconds,
            "tokens": sum(len(s) for s in scores),
            "detector": self._head is not None,
        }
        if task.get("details"):
            answer["ids"] = [batch for group in groups for batch in self._batches([p.text for p in group])]
            answer["surprisals"] = [list(map(float, s.surprisal_nats)) for s in scores]
            answer["start_token"] = self._backend.identity.start_token
        return answer

    def _batches(self, texts: list[str]) -> list[list[list[int]]]:
        """The ids that go through the model, start token included: a row a window, batch by batch."""
        from mtqa.lm.windows import DEFAULT_WINDOW, all_windows, batches

        identity, tokens = self._backend.identity, [self._backend.tokenize(text) for text in texts]
        windows = all_windows(tokens, min(DEFAULT_WINDOW, identity.max_tokens))
        rows = [[identity.start_id, *map(int, window.ids)] for window in windows]
        return [
            [rows[i] for i in batch] for batch in batches(list(map(len, rows)), self._backend.batch_tokens)
        ]


class Minicons:
    """minicons' ``IncrementalLMScorer``: the surprisal alone, the start token put in front of each text."""

    def __init__(self, folder: str, device: str) -> None:
        from minicons.scorer import IncrementalLMScorer

        self._scorer = IncrementalLMScorer(folder, device)

    def run(self, task: dict[str, Any]) -> dict[str, Any]:
        """``batch`` texts at a time, in their order."""
        texts, size = task["texts"], task["batch"]
        begin = time.perf_counter()
        for i in range(0, len(texts), size):
            self._scorer.sequence_score(texts[i : i + size], bos_token=True)
        answer: dict[str, Any] = {"seconds": time.perf_counter() - begin}
        if task.get("details"):
            rows = [self._scorer.token_score([t], surprisal=True, bos_token=True)[0] for t in texts]
            answer["surprisals"] = [[value for _, value in row[1:]] for row in rows]
            plain = self._scorer.token_score([texts[0]], surprisal=True)[0]
            answer["first_token"] = plain[0][1]
        return answer


class Lmppl:
    """lmppl's ``LM``: the perplexity alone."""

    def __init__(self, folder: str, device: str) -> None:
        import lmppl

        with tempfile.TemporaryDirectory() as copy:
            _for_transformers_4(folder, copy)
            self._model = lmppl.LM(copy, num_gpus=0 if device == "cpu" else 1)

    def run(self, task: dict[str, Any]) -> dict[str, Any]:
        """``batch`` texts at a time, in their order, the start token put in front of each."""
        texts = [task["start_token"] + text for text in task["texts"]]
        begin = time.perf_counter()
        perplexities = self._model.get_perplexity(texts, batch_size=task["batch"])
        return {"seconds": time.perf_counter() - begin, "perplexities": perplexities}


SIDES = {"bare": Bare, "mtqa": Mtqa, "minicons": Minicons, "lmppl": Lmppl}


def _for_transformers_4(folder: str, copy: str) -> None:
    """The model's folder in the form that transformers 4 reads: it overlooks version 5's rotary settings."""
    for name in os.listdir(folder):
        if name != "config.json":
            os.symlink(os.path.join(folder, name), os.path.join(copy, name))
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    config.update({k: v for k, v in config.get("rope_parameters", {}).items() if k == "rope_theta"})
    with open(os.path.join(copy, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file)


def main() -> None:
    """Load the side, say so, and answer task after task until stdin ends."""
    side, folder, threads, device = sys.argv[1:5]
    dtype = sys.argv[5:6]
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # libraries print what they like
    warnings.simplefilter("ignore")
    try:
        import torch

        worker: Any = SIDES[side](folder, device, *dtype)
        torch.set_num_threads(int(threads))
        versions = {"torch": torch.__version__, "transformers": sys.modules["transformers"].__version__}
        print(json.dumps({"ready": True, **versions}), file=answers, flush=True)
        for line in sys.stdin:
            task = json.loads(line)
            begin = time.process_time()
            answer = worker.run(task)
            print(json.dumps({**answer, "cpu": time.process_time() - begin}), file=answers, flush=True)
    except Exception as error:
        # The parent shows the reason in the place of the number.
        print(json.dumps({"error": f"{type(error).__name__}: {error}"[:300]}), file=answers, flush=True)
        raise


if __name__ == "__main__":
    main()
