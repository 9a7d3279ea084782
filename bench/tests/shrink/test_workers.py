# SPDX-License-Identifier: MIT
"""Workers on this computer and in a cluster: every task has its outcome, whoever is lost on the way."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import workers_help

from pic32bench import paths
from pic32bench.cli.worker_options import add_worker_options, workers
from pic32bench.errors import NotBuiltError, UsageError
from pic32bench.shrink.cluster import ClusterWorkers
from pic32bench.shrink.task import Outcome, Settings, Task, Workers, pack_image
from pic32bench.shrink.workers import TRIES, LocalWorkers

PATIENCE_WALL = 60.0
Results = dict[str, Outcome]


@pytest.fixture(scope="module")
def tasks() -> list[Task]:
    """The firmware, waited for as long as it takes to say this and that; one says what it never says."""
    try:
        image = pack_image(paths.everything_built(None))
    except NotBuiltError as error:
        pytest.skip(str(error))
    texts = {"first": "Started", "victim": "success", "third": "port: 8088", "never": "coffee", "last": "IP Address"}
    return [Task(key, image, Settings("boots", seed=7, until=text, seconds=1.0)) for key, text in texts.items()]


@pytest.fixture
def losses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where tries are counted."""
    folder = tmp_path / "losses"
    folder.mkdir()
    monkeypatch.setenv(workers_help.FOLDER, str(folder))
    return folder


@pytest.fixture(scope="module")
def alone(tasks: list[Task]) -> Results:
    """What one worker makes of the tasks."""
    with LocalWorkers(1) as pool:
        return results(pool, tasks)


def results(workers: Workers, tasks: Iterable[Task]) -> Results:
    found = list(workers.run(tasks))
    outcomes = {task.key: outcome for task, outcome in found}
    assert len(outcomes) == len(found), "every task once"
    return outcomes


@contextlib.contextmanager
def killing_the_victims_worker(losses: Path) -> Iterator[None]:
    """Kills the process that begins the task `victim`, the first time."""

    def kill() -> None:
        while not over.wait(0.02):
            with contextlib.suppress(OSError, ValueError):
                os.kill(int((losses / "victim").read_text()), signal.SIGKILL)
                return

    over = threading.Event()
    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        over.set()
        killer.join()


def test_outcomes_do_not_depend_on_how_many_try(tasks: list[Task], alone: Results) -> None:
    assert [alone[task.key].passed for task in tasks] == [True, True, True, False, True]
    with LocalWorkers(2) as pool:
        assert results(pool, tasks) == alone
        assert results(pool, tasks[:1]) == {"first": alone["first"]}, "workers can be used again"


def test_a_lost_workers_task_is_tried_again(tasks: list[Task], alone: Results, losses: Path) -> None:
    with LocalWorkers(2, workers_help.victims_wait) as pool, killing_the_victims_worker(losses):
        assert results(pool, tasks) == alone
    tried = {path.name: len(path.read_text().splitlines()) for path in losses.iterdir()}
    assert tried == {**dict.fromkeys(tried, 1), "victim": 2}


def test_a_task_that_always_loses_its_worker_is_given_up(losses: Path) -> None:
    tasks = [Task(key, b"", Settings("boots")) for key in ("one", "deadly", "two")]
    with LocalWorkers(1, workers_help.dies) as pool:
        found = results(pool, tasks)
    assert {key: outcome.passed for key, outcome in found.items()} == {"one": True, "deadly": False, "two": True}
    assert found["deadly"].reason == f"gave no result: each of {TRIES} workers that tried it was lost"
    assert len((losses / "deadly").read_text().splitlines()) == TRIES


def test_tasks_are_taken_only_when_somebody_is_free(losses: Path) -> None:
    taken = 0

    def endless() -> Iterator[Task]:
        nonlocal taken
        while True:
            taken += 1
            yield Task(f"task-{taken}", b"", Settings("boots"))

    with LocalWorkers(2, workers_help.dies) as pool:
        run = pool.run(endless())
        for done in range(1, 4):
            next(run)
            assert taken <= done + 2
        run.close()


def test_a_computer_that_can_try_nothing_says_so(tasks: list[Task], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIC32BENCH_QEMU", "/nowhere/qemu")
    with LocalWorkers(1) as pool, pytest.raises(UsageError, match="the emulator is not at /nowhere/qemu"):
        results(pool, tasks)


INTERRUPTED = """
import sys
from pathlib import Path
from pic32bench import paths
from pic32bench.shrink.task import Settings, Task, pack_image
from pic32bench.shrink.workers import LocalWorkers
if __name__ == "__main__":
    image = pack_image(paths.reference_firmware())
    settings = Settings("boots", until="coffee", seconds=1e6)
    with LocalWorkers(2) as pool:
        tasks = [Task("short", image, Settings("boots", until="Started")), *(Task(n, image, settings) for n in "123")]
        for task, outcome in pool.run(tasks):
            print(task.key, flush=True)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_after_the_end(how: signal.Signals, tasks: list[Task], tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(INTERRUPTED)
    (tmp_path / "tmp").mkdir()
    begin = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(1));"
    process = subprocess.Popen(
        [sys.executable, "-c", f"{begin} import runpy; runpy.run_path('program.py', run_name='__main__')"],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp"), "PIC32BENCH_TEST": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "short\n"
    group = os.getpgid(process.pid)
    if how is signal.SIGINT:
        os.killpg(group, how)  # as a terminal does
    else:
        process.send_signal(how)
    _, said = process.communicate(timeout=PATIENCE_WALL)
    assert said.count("Traceback") == (how is signal.SIGINT), said  # the program's own
    wait_until(lambda: not processes_of(tmp_path))
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_program_that_workers_cannot_import_is_told_so(tmp_path: Path) -> None:
    unguarded = INTERRUPTED.replace('if __name__ == "__main__":', "if True:")
    (tmp_path / "program.py").write_text(unguarded)
    done = subprocess.run([sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "BenchError: a worker process could not start: if this is a program of your own" in done.stderr


@dataclass
class Cluster:
    """A scheduler on the loopback, and the processes of its workers."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]

    def add_worker(self, **environment: str) -> subprocess.Popen[bytes]:
        """Starts another worker, which tries one task at a time."""
        options = ["--no-nanny", "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1"]
        self.workers.append(_dask("worker", self.address, *options, **environment))
        return self.workers[-1]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A scheduler without workers; all processes end with the test."""
    about = tmp_path / "scheduler.json"
    with contextlib.ExitStack() as ended:
        options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show", "--scheduler-file", str(about)]
        scheduler = _dask("scheduler", *options)
        started = Cluster("", scheduler, [])

        def end() -> None:
            for process in [*started.workers, scheduler]:
                process.kill()
                process.wait()

        ended.callback(end)
        wait_until(lambda: about.exists() and about.stat().st_size > 0)
        started.address = json.loads(about.read_text())["address"]
        yield started


def _dask(*arguments: str, **environment: str) -> subprocess.Popen[bytes]:
    search = [str(Path(__file__).parent), str(paths.project_root() / "bench")]
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(search), **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_a_cluster_that_loses_a_worker_comes_to_the_same(
    cluster: Cluster, tasks: list[Task], alone: Results, losses: Path
) -> None:
    first, second = cluster.add_worker(), cluster.add_worker()
    with ClusterWorkers(cluster.address, workers_help.victims_wait) as pool:
        wait_until(lambda: pool.count == 2)
        with killing_the_victims_worker(losses):
            assert results(pool, tasks) == alone
        assert [first.poll(), second.poll()].count(-signal.SIGKILL) == 1
        assert len((losses / "victim").read_text().splitlines()) == 2
        # The same cluster goes on without its scheduler.
        run = pool.run(replace(tasks[0], key=str(number)) for number in range(1000))
        next(run)
        cluster.scheduler.kill()
        with pytest.raises(UsageError, match=f"the scheduler at {cluster.address} has gone away"):
            list(run)


def test_a_worker_with_another_emulator_is_refused(cluster: Cluster, tiny_image: Path, fake_emulator: object) -> None:
    other = shutil.which("true")
    assert other
    cluster.add_worker(PIC32BENCH_QEMU=other)
    with pytest.raises(UsageError, match=r"^worker tcp://127.0.0.1:\d+ has another emulator \(\w{12}\) than this .*"):
        ClusterWorkers(cluster.address)


@pytest.mark.parametrize("address", ["", "10.0.0.5", "http://127.0.0.1:80", "tcp://127.0.0.1", "tcp://127.0.0.1:1"])
def test_a_scheduler_that_is_not_there_is_one_line(
    address: str, tiny_image: Path, fake_emulator: object, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match=f"^no scheduler answers at {address}: start one with") as caught:
        ClusterWorkers(address)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_another_server_is_no_scheduler(tiny_image: Path, fake_emulator: object) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def talk() -> None:
            with contextlib.suppress(OSError):
                while True:
                    server.accept()[0].sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 9)

        threading.Thread(target=talk, daemon=True).start()
        with pytest.raises(UsageError, match="no scheduler answers"):
            ClusterWorkers(f"tcp://127.0.0.1:{port}")
        server.shutdown(socket.SHUT_RDWR)


def test_without_dask_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"^--scheduler needs dask.distributed: pip install 'pic32bench\[cluster\]'$"):
        ClusterWorkers("tcp://127.0.0.1:8786")


@pytest.mark.parametrize("wrong", ["0", "-1", "two", "", "1e3", "99999"])
def test_a_wrong_number_of_workers_is_refused(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    add_worker_options(parser)
    with pytest.raises(SystemExit, match="2"):
        parser.parse_args(["--workers", wrong])
    assert "expected a number of workers from 1 to 1024" in capsys.readouterr().err


def test_options_choose_the_workers() -> None:
    parser = argparse.ArgumentParser()
    add_worker_options(parser)
    with workers(parser.parse_args([])) as chosen:
        assert chosen.count == len(os.sched_getaffinity(0))
    with workers(parser.parse_args(["--workers", "3"])) as chosen:
        assert chosen.count == 3
    with pytest.raises(UsageError, match="--workers is for this computer"):
        workers(parser.parse_args(["--workers", "3", "--scheduler", "tcp://127.0.0.1:1"]))


def processes_of(mark: Path) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            if f"PIC32BENCH_TEST={mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def wait_until(condition: Callable[[], bool]) -> None:
    """Looks until it is so."""
    looked = threading.Event()
    for _ in range(int(PATIENCE_WALL / 0.05)):
        if condition():
            return
        looked.wait(0.05)
    pytest.fail("it never came")
