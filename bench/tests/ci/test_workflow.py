# SPDX-License-Identifier: MIT
"""The example workflow for users is run as GitHub would run it, on the example project; so is one that must be red.

Instead of a set-up of its own it gets the bench as it is here, in the way that docs/ci.md has for runners with a bench:
the repository's variable PIC32BENCH_ROOT.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pic32bench import paths
from pic32bench.errors import NotBuiltError

from . import github

EXAMPLES = paths.project_root() / "docs" / "examples"
WORKFLOW = EXAMPLES / "github-workflow.yml"
TOKEN = "ghs_0123456789abcdefghijklmnopqrstuvwxyz"
SET_UP = ["Install git and make", "Check out the bench", "Take the emulator from the cache", "Set up the bench"]
BASE, HEAD = "base-commit", "head-commit"
# A stand-in for GitHub's command line: comments of one pull request, in a file beside it.
GH = f"""#!{sys.executable}
import json, os, sys
from pathlib import Path
assert os.environ["GH_TOKEN"], "not logged in"
store = Path(__file__).with_name("comments.json")
comments = json.loads(store.read_text()) if store.exists() else []
words = sys.argv[1:]
assert words.pop(0) == "api", words
if "--jq" in words:
    mark = words[words.index("--jq") + 1].split('"')[1]
    print("\\n".join(str(number) for number, body in enumerate(comments) if body.startswith(mark)))
else:
    method = words[words.index("--method") + 1]
    body = Path(words[words.index("--field") + 1].removeprefix("body=@")).read_text()
    where = next(word for word in words if word.startswith("repos/me/firmware/issues/"))
    if method == "POST":
        assert where == "repos/me/firmware/issues/7/comments"
        comments.append(body)
    else:
        assert method == "PATCH"
        comments[int(where.rpartition("/")[2])] = body
    store.write_text(json.dumps(comments))
"""


@pytest.fixture(scope="module")
def workflow() -> dict[str, Any]:
    """The workflow as data."""
    return github.load(WORKFLOW)


class Repository:
    """The user's repository on GitHub: two commits, and what its runners do with them."""

    def __init__(self, folder: Path, workflow: dict[str, Any]) -> None:
        self.folder = folder
        self.workflow = workflow
        self.base = self._commit(BASE)
        self.head = self._commit(HEAD)
        self.artefacts = folder / "artefacts"
        # What a runner of one's own has: the bench, set up.
        (folder / "bench" / ".venv").mkdir(parents=True)
        (folder / "bench" / ".venv" / "bin").symlink_to(Path(sys.prefix) / "bin")
        tools = folder / "tools"
        tools.mkdir()
        (tools / "gh").write_text(GH)
        (tools / "gh").chmod(0o755)
        self.comments = tools / "comments.json"
        clean = github.clean_environment()
        self.environment = {**clean, "PATH": f"{tools}{os.pathsep}{clean['PATH']}"}

    def _commit(self, name: str) -> Path:
        return Path(shutil.copytree(EXAMPLES / "project", self.folder / name, ignore=shutil.ignore_patterns("build")))

    def change(self, file: str, old: str, new: str) -> None:
        """Changes a file in the pull request."""
        path = self.head / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def contexts(self, event: str = "pull_request", fork: bool = False) -> github.Context:
        request = {
            "number": "7",
            "base": {"sha": BASE},
            "head": {"sha": HEAD, "repo": {"full_name": "stranger/firmware" if fork else "me/firmware"}},
        }
        about = {
            "event_name": event,
            "event": {"pull_request": request} if event == "pull_request" else {},
            "repository": "me/firmware",
            "ref": "refs/pull/7/merge" if event == "pull_request" else "refs/heads/main",
            "base_ref": "main" if event == "pull_request" else "",
            "sha": HEAD,
            "token": TOKEN,
        }
        return {"github": about, "vars": {"PIC32BENCH_ROOT": str(self.folder / "bench")}}

    def test(self, variant: str) -> github.Job:
        """Runs the job `test` for a pull request."""
        return self._run("test", f"test-{variant}", {"matrix": {"variant": variant}})

    def comment(self) -> github.Job:
        """Runs the job `comment`."""
        return self._run("comment", f"comment-{len(list(self.folder.iterdir()))}", {})

    def _run(self, job: str, place: str, more: github.Context) -> github.Job:
        actions = {
            "actions/checkout": self._checkout,
            "actions/upload-artifact": self._upload,
            "actions/download-artifact": self._download,
        }
        return github.run_job(
            self.workflow, job, {**self.contexts(), **more}, self.folder / place, actions, self.environment
        )

    def _checkout(self, workspace: Path, options: dict[str, str]) -> bool:
        commit = self.folder / options.get("ref", HEAD)
        shutil.copytree(commit, workspace / options.get("path", "."), dirs_exist_ok=True)
        return True

    def _upload(self, workspace: Path, options: dict[str, str]) -> bool:
        kept = self.artefacts / options["name"]
        kept.mkdir(parents=True)
        shutil.copytree(workspace / options["path"], kept, dirs_exist_ok=True)
        return any(kept.iterdir())

    def _download(self, workspace: Path, options: dict[str, str]) -> bool:
        for kept in self.artefacts.glob(options["pattern"]):
            shutil.copytree(kept, workspace / options["path"] / kept.name)
        return True


@dataclass(frozen=True)
class Green:
    """A repository with a pull request that is fine, and the jobs that ran for it."""

    repository: Repository
    test: github.Job
    comment: github.Job


def test_schema_and_safety() -> None:
    """Judged by those who know: the schema of workflows, and what is unsafe in one (pins, permissions, injection)."""
    for command in (
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", WORKFLOW],
        ["zizmor", "--offline", "--no-config", "--no-progress", "--format", "plain", "--persona", "pedantic", WORKFLOW],
    ):
        tool = Path(sys.prefix) / "bin" / str(command[0])
        done = subprocess.run([tool, *command[1:]], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_such_a_workflow_must_have(workflow: dict[str, Any]) -> None:
    assert [*github.variants(workflow["jobs"]["test"])] == [{"variant": "release"}, {"variant": "debug"}]
    assert set(workflow["on"]) == {"push", "pull_request"}
    assert workflow["permissions"] == {}
    jobs = workflow["jobs"]
    assert {name: job["permissions"] for name, job in jobs.items()} == {
        "test": {"contents": "read"},
        "comment": {"pull-requests": "write"},
    }
    steps = [step for job in jobs.values() for step in job["steps"]]
    for step in steps:
        if "uses" in step:
            assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", step["uses"]), "pinned to a commit"
        else:
            assert "${{" not in step["run"], "values come through the environment, where they are no shell code"
            assert not re.search(r"set -\w*x|printenv|(^|\s)env(\s|$)|TOKEN", step["run"]), "would print a secret"
    keep = next(step for step in steps if step.get("uses", "").startswith("actions/upload-artifact"))
    assert keep["if"] == "always()"
    assert all("timeout-minutes" in job for job in jobs.values())


def test_set_up_steps_are_left_out_only_where_the_bench_is_there(workflow: dict[str, Any]) -> None:
    steps = {step["name"]: step for step in workflow["jobs"]["test"]["steps"]}
    conditions = {name for name, step in steps.items() if "PIC32BENCH_ROOT" in step.get("if", "")}
    assert conditions == set(SET_UP)
    for root, runs in (("", True), ("/opt/bench", False)):
        contexts = {"vars": {"PIC32BENCH_ROOT": root}}
        assert all(github.wanted(steps[name], contexts) is runs for name in SET_UP)
    # What the set-up runs is in this checkout.
    command, *options = steps["Set up the bench"]["run"].split()
    assert [command, *options[:2]] == ["make", "-C", "pic32bench"]
    makefile = (paths.project_root() / "Makefile").read_text()
    for target in options[2:]:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"no target {target}"


def test_a_push_has_nothing_to_compare_and_a_fork_no_comment(workflow: dict[str, Any], tmp_path: Path) -> None:
    repository = Repository(tmp_path, workflow)
    comment = workflow["jobs"]["comment"]
    assert github.wanted(comment, repository.contexts(), needs_failed=True)
    assert not github.wanted(comment, repository.contexts(fork=True))
    assert not github.wanted(comment, repository.contexts("push"))
    base = next(step for step in workflow["jobs"]["test"]["steps"] if step["name"] == "Build the base branch")
    built = {"steps": {"build": {"outcome": "success"}}}
    assert github.wanted(base, {**repository.contexts(), **built})
    assert not github.wanted(base, {**repository.contexts("push"), **built})


@pytest.fixture(scope="module")
def green(workflow: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Green:
    """A pull request that makes the line shorter, run to its end: one variant, then the comment."""
    _needs_emulator()
    repository = Repository(tmp_path_factory.mktemp("green"), workflow)
    repository.change("Makefile", "LINE_SIZE ?= 64", "LINE_SIZE ?= 48")
    return Green(repository, repository.test("release"), repository.comment())


def _needs_emulator() -> None:
    try:
        paths.emulator_binary()
    except NotBuiltError as error:
        pytest.skip(str(error))


def test_a_good_change_is_green_and_leaves_results(green: Green) -> None:
    for job, left_out in ((green.test, set(SET_UP)), (green.comment, set())):
        assert job.result == "success", job.log
        assert TOKEN not in job.log
        assert {step for step, outcome in job.outcomes().items() if outcome == "skipped"} == left_out
    kept = green.repository.artefacts / "results-release"
    assert _junit(kept / "pytest.xml") == {"test_led_shows_the_switch": "passed"}
    assert set(_junit(kept / "robot" / "xunit.xml").values()) == {"passed"}
    assert (kept / "robot" / "log.html").is_file()
    assert not (kept / "failed").exists()
    assert "line" in (kept / "footprint.txt").read_text()
    assert "line" in (kept / "memory.txt").read_text()
    assert TOKEN not in "".join(path.read_text(errors="replace") for path in kept.rglob("*") if path.is_file())


def test_the_comment_tells_what_has_changed(green: Green) -> None:
    (comment,) = json.loads(green.repository.comments.read_text())
    mark, _, part = comment.partition("## release\n")
    assert mark == "<!-- pic32bench footprint -->\n"
    assert re.search(r"^\| 64 \| 48 \| -16 \|.*`line`", part, re.MULTILINE), comment
    assert part in green.test.summary
    shown = re.search(r"^```markdown\n(.*?)^```$", (EXAMPLES.parent / "ci.md").read_text(), re.MULTILINE | re.DOTALL)
    assert shown
    assert shown[1] in part, "docs/ci.md shows another comment"


def test_the_comment_is_written_anew_with_all_variants(green: Green) -> None:
    repository = green.repository
    others = ["a person's words", *json.loads(repository.comments.read_text()), "more of them"]
    repository.comments.write_text(json.dumps(others))
    more = repository.artefacts / "results-small"
    more.mkdir()
    (more / "footprint-diff.md").write_text("## small\nas it was\n")
    assert repository.comment().result == "success"
    now = json.loads(repository.comments.read_text())
    assert now == [others[0], f"{others[1]}## small\nas it was\n", others[2]]


def test_bad_changes_are_red_and_leave_all_results(workflow: dict[str, Any], tmp_path: Path) -> None:
    """The LED is dead, long lines are lost, and the buffer is one byte over its size in the table."""
    _needs_emulator()
    repository = Repository(tmp_path, workflow)
    repository.change("src/main.c", "LATHSET = LED1;", "")
    repository.change("src/main.c", "length < LINE_SIZE - 1", "length < 20")
    repository.change("Makefile", "LINE_SIZE ?= 64", "LINE_SIZE ?= 65")
    job = repository.test("debug")
    assert job.result == "failure"
    outcomes = job.outcomes()
    assert {name for name, outcome in outcomes.items() if outcome == "failure"} == {
        "Footprint",
        "Robot suites",
        "pytest suites",
    }, job.log
    assert outcomes["Keep the results"] == outcomes["Compare with the base branch"] == "success"
    kept = repository.artefacts / "results-debug"
    assert _junit(kept / "pytest.xml") == {"test_led_shows_the_switch": "failed"}
    assert _junit(kept / "robot" / "xunit.xml")["Half A Screen Line Is Not Lost"] == "failed"
    bundles = [*(kept / "failed").glob("*.zip"), *(kept / "robot" / "boards").glob("*.zip")]
    assert len(bundles) == 2
    assert all("README.txt" in zipfile.ZipFile(bundle).namelist() for bundle in bundles)
    assert repository.comment().result == "success"
    assert re.search(r"\| 64 \| 65 \| \+1 \|.*`line`", repository.comments.read_text())


def test_what_does_not_compile_leaves_its_log(workflow: dict[str, Any], tmp_path: Path) -> None:
    repository = Repository(tmp_path, workflow)
    repository.change("src/main.c", "int main(void)", "int main(void")
    job = repository.test("debug")
    assert job.result == "failure"
    ran = {name for name, outcome in job.outcomes().items() if outcome != "skipped"}
    assert {"Build", "Keep the results"} <= ran
    assert not ran & {"Footprint", "Memory in a run", "Robot suites", "pytest suites", "Compare with the base branch"}
    assert "error:" in (repository.artefacts / "results-debug" / "build.log").read_text()
    assert repository.comment().result == "success", "nothing to say is no error"
    assert not repository.comments.exists()


def _junit(path: Path) -> dict[str, str]:
    return {
        case.attrib["name"]: "passed" if case.find("failure") is None and case.find("error") is None else "failed"
        for case in ET.parse(path).iter("testcase")
    }
