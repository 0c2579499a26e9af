"""A template and its style as one web page; what the data hold reaches it as strings, which Jinja escapes."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any


def page(name: str, known: Mapping[str, Any], **values: Any) -> str:
    """``NAME.html.j2`` with ``NAME.css`` inside; ``known``: what its macros see as well."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(known)
    made = environment.from_string(_resource(f"{name}.html.j2")).render(
        style=_resource(f"{name}.css"), **values
    )
    return made.rstrip("\n") + "\n"


def _resource(name: str) -> str:
    return resources.files("mtqa.bench").joinpath("templates", name).read_text(encoding="utf-8")
