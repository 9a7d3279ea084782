# SPDX-License-Identifier: MIT
"""Runs a GitHub Actions workflow here: as much of it as the example workflow of docs/ needs, and no more.

Steps with `run:` are really run, by the shell and with the environment that GitHub gives them. Steps with `uses:` are
done by functions of the test, by the action's name. What this cannot do (another function in an expression, another
shell) is an error, never left out.

Sources: GitHub's documentation, "Workflow syntax", "Expressions", "Contexts", "Workflow commands".
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Context = dict[str, Any]
Action = Callable[[Path, dict[str, str]], bool]
_SHELLS = {"bash": ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail"]}
_PLACE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_TOKEN = re.compile(r"\s*(?:(&&|\|\||==|!=|!|\(|\)|,)|'((?:[^']|'')*)'|([A-Za-z_][\w.-]*)|(\d+))")
# A command file holds NAME=VALUE lines, or NAME<<END, lines, END.
_HEREDOC = re.compile(r"^([^=\n]+?)<<(\S+)\n(.*?)\n?^\2$|^([^=\n]+)=(.*)$", re.MULTILINE | re.DOTALL)


def load(path: Path) -> dict[str, Any]:
    """A workflow; every scalar is a text, so `on` is no truth value."""
    return dict(yaml.load(path.read_text(), yaml.BaseLoader))


@dataclass
class Step:
    """A step that is over: success, failure or skipped. ``conclusion`` is its outcome after continue-on-error."""

    name: str
    outcome: str
    conclusion: str
    log: str = ""


@dataclass
class Job:
    """A job that is over."""

    steps: list[Step] = field(default_factory=list)
    summary: str = ""

    @property
    def result(self) -> str:
        """success or failure."""
        return "failure" if any(step.conclusion == "failure" for step in self.steps) else "success"

    @property
    def log(self) -> str:
        """Everything that was printed."""
        return "".join(f"--- {step.name}: {step.outcome}\n{step.log}" for step in self.steps)

    def outcomes(self) -> dict[str, str]:
        """Outcome of each step by its name."""
        return {step.name: step.outcome for step in self.steps}


def variants(job: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The legs of a job's matrix that has one axis."""
    ((axis, values),) = job["strategy"]["matrix"].items()
    for value in values:
        yield {axis: value}


def wanted(job: Mapping[str, Any], contexts: Context, needs_failed: bool = False) -> bool:
    """Whether a job runs at all."""
    return _condition(job.get("if", "success()"), contexts, needs_failed, Path())


def run_job(
    workflow: Mapping[str, Any],
    name: str,
    contexts: Context,
    folder: Path,
    actions: Mapping[str, Action],
    environment: Mapping[str, str],
) -> Job:
    """Runs a job in ``folder``/workspace. ``environment`` is what the runner's machine has of its own."""
    workspace = folder / "workspace"
    workspace.mkdir(parents=True)
    job, done = workflow["jobs"][name], Job()
    contexts = {**contexts, "steps": {}}
    machine = {**environment, **_github_environment(contexts["github"], workspace, folder)}
    contexts["env"] = {}
    for level in (workflow, job):
        contexts["env"].update({key: interpolate(value, contexts) for key, value in level.get("env", {}).items()})
    shell = job.get("defaults", {}).get("run", {}).get("shell", "")
    for number, step in enumerate(job["steps"]):
        failed = done.result == "failure"
        title = step.get("name") or step.get("uses") or step["run"].partition("\n")[0]
        if not _condition(step.get("if", "success()"), contexts, failed, workspace):
            ended = Step(title, "skipped", "skipped")
        else:
            here = {
                **contexts,
                "env": {**contexts["env"], **{k: interpolate(v, contexts) for k, v in step.get("env", {}).items()}},
            }
            if "uses" in step:
                options = {key: interpolate(value, here, workspace) for key, value in step.get("with", {}).items()}
                passed, log = actions[step["uses"].partition("@")[0]](workspace, options), ""
            else:
                files = {key: folder / f"{number}-{key.lower()}" for key in _FILES}
                passed, log = _run(step, step.get("shell", shell), {**machine, **here["env"]}, files, workspace, here)
                done.summary += files["GITHUB_STEP_SUMMARY"].read_text()
                machine["PATH"] = os.pathsep.join(
                    [*reversed(files["GITHUB_PATH"].read_text().splitlines()), machine["PATH"]]
                )
                contexts["env"].update(_assignments(files["GITHUB_ENV"]))
                if "id" in step:
                    contexts["steps"][step["id"]] = {"outputs": _assignments(files["GITHUB_OUTPUT"])}
            outcome = "success" if passed else "failure"
            ended = Step(title, outcome, "success" if step.get("continue-on-error") == "true" else outcome, log)
        if "id" in step:
            contexts["steps"].setdefault(step["id"], {"outputs": {}}).update(
                outcome=ended.outcome, conclusion=ended.conclusion
            )
        done.steps.append(ended)
    return done


_FILES = ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")


def _run(
    step: Mapping[str, Any],
    shell: str,
    environment: dict[str, str],
    files: Mapping[str, Path],
    workspace: Path,
    contexts: Context,
) -> tuple[bool, str]:
    for path in files.values():
        path.touch()
    script = files["GITHUB_ENV"].with_suffix(".sh")
    script.write_text(interpolate(step["run"], contexts, workspace))
    done = subprocess.run(
        [*_SHELLS[shell], script],
        cwd=workspace / step.get("working-directory", "."),
        env={**environment, **{key: str(path) for key, path in files.items()}},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode == 0, done.stdout


def _github_environment(github: Mapping[str, Any], workspace: Path, folder: Path) -> dict[str, str]:
    temporary = folder / "temp"
    temporary.mkdir()
    names = ("actor", "base_ref", "event_name", "head_ref", "ref", "repository", "run_id", "sha")
    return {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(workspace),
        "RUNNER_OS": "Linux",
        "RUNNER_TEMP": str(temporary),
        **{f"GITHUB_{name.upper()}": str(github.get(name, "")) for name in names},
    }


def _assignments(path: Path) -> dict[str, str]:
    return {m[1] or m[4]: m[3] if m[1] else m[5] for m in _HEREDOC.finditer(path.read_text())}


def interpolate(text: str, contexts: Context, workspace: Path = Path()) -> str:
    """A text with its ${{ expressions }} replaced."""
    return _PLACE.sub(lambda found: _as_text(evaluate(found[1], contexts, False, workspace)), text)


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _condition(text: str, contexts: Context, failed: bool, workspace: Path) -> bool:
    """An `if:`. It goes for nothing after a failure unless it asks how things stand."""
    expression = re.sub(r"^\$\{\{(.*)\}\}$", r"\1", text.strip(), flags=re.DOTALL)
    asks = re.search(r"\b(success|failure|always|cancelled)\(", expression)
    value = evaluate(expression, contexts, failed, workspace)
    return bool(value) and (bool(asks) or not failed)


def evaluate(expression: str, contexts: Context, failed: bool, workspace: Path) -> Any:
    """The value of an expression: texts, numbers, contexts, ! == != && || ( ) and the functions below."""
    functions: dict[str, Callable[..., Any]] = {
        "always": lambda: True,
        "cancelled": lambda: False,
        "failure": lambda: failed,
        "success": lambda: not failed,
        "hashFiles": lambda pattern: "hash" if any(workspace.glob(pattern)) else "",
    }
    words, place = [], 0
    expression = expression.strip()
    values: dict[str, Any] = {}
    while place < len(expression):
        found = _TOKEN.match(expression, place)
        if found is None:
            raise ValueError(f"not understood in {expression!r}: {expression[place:]!r}")
        place = found.end()
        operator, text, name, number = found.groups()
        if operator:
            words.append({"&&": " and ", "||": " or ", "!": " not "}.get(operator, operator))
        elif name is not None and expression[place : place + 1] == "(":
            values[f"v{len(values)}"] = functions[name]
            words.append(f"v{len(values) - 1}")
        else:
            if text is not None:
                value: Any = text.replace("''", "'")
            else:
                value = _lookup(name, contexts) if name else int(number)
            values[f"v{len(values)}"] = value
            words.append(f"v{len(values) - 1}")
    # Only names of `values` and the operators above are left, and Python's `and` and `or` give operands as GitHub's do.
    return eval("".join(words), {"__builtins__": {}}, values)


def _lookup(name: str, contexts: Context) -> Any:
    if name in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[name]
    first, *rest = name.split(".")
    value: Any = contexts[first]  # an unknown context is an error; an unknown property is nothing
    for part in rest:
        value = value.get(part) if isinstance(value, Mapping) else None
    return "" if value is None else value


def clean_environment() -> dict[str, str]:
    """This process's environment without its virtual environment and what pytest put there."""
    own = Path(sys.prefix) / "bin"
    path = [part for part in os.environ["PATH"].split(os.pathsep) if part and Path(part).resolve() != own.resolve()]
    unwanted = re.compile(r"^(PYTEST_|VIRTUAL_ENV|COV_|MAKE|MFLAGS|GITHUB_|CI$)")
    kept = {key: value for key, value in os.environ.items() if not unwanted.match(key)}
    return {**kept, "PATH": os.pathsep.join(path)}
