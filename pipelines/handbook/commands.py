"""A page a command, from the command line itself; the settings; the Python surface."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from typer.main import get_command

from pipelines.analyse import COMMANDS
from pipelines.core.code import closure
from pipelines.handbook.text import command_page, grid, link
from pipelines.settings import ROOT, Settings

EXAMPLE = re.compile(r"^(?:Example: |  +)?(gerland .+)$")


def commands() -> Mapping[str, Any]:
    """Commands by name, in the order of `gerland --help`."""
    from pipelines.cli import app

    found: Mapping[str, Any] = get_command(app).commands  # type: ignore[attr-defined]
    return found


def pages() -> Iterator[tuple[str, str]]:
    """Path and Markdown of the page of each command, their list, the settings and the Python surface."""
    known = commands()
    here = "reference/commands/index.md"
    rows = [(link(f"`gerland {n}`", command_page(n), here), _first(c.help)) for n, c in known.items()]
    codes = "Exit codes: 0 done; 1 failed, with one sentence on stderr; 2 wrong usage; 3 done, but a check failed."
    yield here, "\n".join(["# Commands", "", codes, "", *grid(("Command", "Does"), rows), ""])
    for name, command in known.items():
        yield command_page(name), _page(name, command)
    yield "reference/settings.md", _settings()
    yield "reference/python.md", _python()


def _first(text: str | None) -> str:
    return re.split(r"(?<=[.?!])\s", text or "", maxsplit=1)[0]


def _page(name: str, command: Any) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument" and not p.hidden]
    options = [p for p in command.params if p.param_type_name == "option" and not p.hidden and p.name != "help"]
    usage = " ".join(["gerland", name, *map(_placed, arguments), *(["[OPTIONS]"] if options else [])])
    body, examples = _parted(command.help or "")
    lines = [f"# gerland {name}", "", *body, "", "```text", usage, "```", ""]
    if examples:
        lines += ["## Example", "", "```bash", *examples, "```", ""]
    if arguments:
        rows = [(f"`{p.name.upper()}`", p.help or "", "required" if p.required else "") for p in arguments]
        lines += ["## Arguments", "", *grid(("Argument", "Means", ""), rows), ""]
    if options:
        rows = [(", ".join(f"`{o}`" for o in p.opts), p.help or "", _default(p)) for p in options]
        lines += ["## Options", "", *grid(("Option", "Means", "If not given"), rows), ""]
    if name in COMMANDS:
        lines += ["## What computes it", "", *_models(f"pipelines.analyse.{name}"), ""]
    return "\n".join(lines)


def _placed(argument: Any) -> str:
    name = argument.name.upper() + ("..." if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _default(option: Any) -> str:
    if option.required:
        return "required"
    given = option.default
    return "" if given is None or callable(given) or given in (False, "") else f"`{given}`"


def _parted(help_text: str) -> tuple[list[str], list[str]]:
    """Text of a help page, and the commands that it gives as examples."""
    body, examples = [], []
    for line in help_text.splitlines():
        found = EXAMPLE.match(line)
        if found:
            examples.append(found.group(1).replace(f"{ROOT}/", ""))
        else:
            body.append(line.strip() if line.strip() != "\b" else "")
    return body, examples


def _models(module: str) -> list[str]:
    """The modules of `models` that a command asks, each with its first paragraph."""
    own, _ = closure([module])
    named = sorted(m for m in own if m.startswith("models.") and m.count(".") == 2)
    told = ((f"`{m}`", (inspect.getdoc(import_module(m)) or "").split("\n\n")[0]) for m in named)
    return grid(("Module", "Holds"), ((m, doc) for m, doc in told if doc))


def _settings() -> str:
    rows = []
    for name, field in Settings.model_fields.items():
        given = field.get_default(call_default_factory=True)
        told = str(given).replace(f"{ROOT}/", "") if given not in (None, [], {}) else ""
        rows.append((f"`GERLAND_{name.upper()}`", field.description or "", f"`{told}`" if told else ""))
    lines = ["# Settings", "", f"{_first(Settings.__doc__)} Each is `GERLAND_…` in the environment or a line of", ""]
    lines[2] += (
        " `gerland.toml` in the working folder; arguments win over the environment, the environment over the file."
    )
    return "\n".join(
        [
            *lines,
            "`gerland doctor` shows what each is now, and where from.",
            "",
            *grid(("Setting", "Means", "If not set"), rows),
            "",
        ]
    )


def _python() -> str:
    import gerland

    lines = ["# Python", "", inspect.getdoc(gerland) or "", ""]
    for name in gerland.__all__:
        told = getattr(gerland, name)
        lines += [f"## `{name}`", ""]
        if inspect.isclass(told):
            lines += [inspect.getdoc(told) or "", ""]
            for method, value in vars(told).items():
                if inspect.isfunction(value) and not method.startswith("_"):
                    lines += [f"### `{method}{_signature(value)}`", "", *_doc(value), ""]
        else:
            lines += ["```python", f"gerland.{name}{_signature(told)}", "```", "", *_doc(told), ""]
    return "\n".join(lines)


def _signature(function: Any) -> str:
    return str(inspect.signature(function)).replace("'", "").replace("self, ", "").replace("(self)", "()")


def _doc(function: Any) -> list[str]:
    from pipelines.handbook.methods import paragraphs

    return paragraphs(inspect.getdoc(function) or "")
