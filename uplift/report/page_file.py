"""Self-contained pages: one file, no script, no fonts, no address outside it."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from uplift.report.whole_file import whole_file


def render(template: str, **values: object) -> str:
    """One page from a template beside this file."""
    environment = Environment(
        loader=PackageLoader("uplift.report", "."),
        autoescape=select_autoescape(["j2"]),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    return environment.get_template(template).render(**values)


def keep_page(page: str, path: Path) -> None:
    """Write a page. Raises what whole_file raises."""
    with whole_file(path, "--html") as file:
        file.write(page)
