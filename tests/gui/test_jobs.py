"""Jobs: one result each, stopped within a second, and whatever happens to a process the window lives."""

from __future__ import annotations

import logging
import threading

import psutil
import pytest
import slow_work

from samhq.gui.jobs import JobError, JobRunner, Lane


@pytest.fixture
def runner(qapp):
    made = JobRunner()
    yield made
    made.close()


def outcome(qtbot, job, timeout=20000):
    """What a job ends with, as (signal, payload), and everything it said before."""
    said, ends = [], []
    job.partial.connect(lambda value: said.append(("partial", value)))
    job.progress.connect(lambda event: said.append(("event", event)))
    job.done.connect(lambda value: ends.append(("done", value)))
    job.failed.connect(lambda error: ends.append(("failed", error)))
    job.cancelled.connect(lambda: ends.append(("cancelled", None)))
    with qtbot.waitSignal(job.finished, timeout=timeout):
        pass
    assert len(ends) == 1
    return ends[0], said


@pytest.mark.parametrize("lane", [Lane.ENGINE, Lane.LIGHT])
def test_a_job_tells_parts_and_progress_and_then_its_result(qtbot, runner, lane, caplog):
    caplog.set_level(logging.INFO)
    end, said = outcome(qtbot, runner.submit("adding", lane, slow_work.add, 2, 3))
    assert end == ("done", 5)
    assert [kind for kind, _ in said] == ["partial", "event"]
    assert said[1][1].total == 2
    assert "adding" in caplog.text


@pytest.mark.parametrize("lane", [Lane.ENGINE, Lane.LIGHT])
def test_an_expected_error_keeps_its_words(qtbot, runner, lane):
    (kind, error), _ = outcome(qtbot, runner.submit("refused", lane, slow_work.refuse))
    assert kind == "failed"
    assert isinstance(error, JobError)
    assert error.expected
    assert error.message == "slides: are gone; look for them"


@pytest.mark.parametrize("lane", [Lane.ENGINE, Lane.LIGHT])
def test_a_defect_comes_with_its_traceback(qtbot, runner, lane):
    (kind, error), _ = outcome(qtbot, runner.submit("stumbles", lane, slow_work.stumble))
    assert kind == "failed"
    assert not error.expected
    assert "KeyError" in error.message
    assert 'return {}["missing"]' in error.details


@pytest.mark.parametrize("lane", [Lane.ENGINE, Lane.LIGHT])
@pytest.mark.parametrize("function", [slow_work.listen, slow_work.deaf])
def test_every_job_is_over_soon_after_stop(qtbot, runner, lane, function):
    if lane is Lane.LIGHT and function is slow_work.deaf:
        pytest.skip("a thread that does not listen would outlive the test by a minute")
    job = runner.submit("long", lane, function)
    if function is slow_work.deaf:
        with qtbot.waitSignal(job.partial, timeout=20000):
            pass
    else:
        with qtbot.waitSignal(job.started, timeout=20000):
            pass
    job.stop()
    assert job.stopping
    qtbot.waitUntil(lambda: job.is_over, timeout=5000)
    assert job.state == "cancelled"
    end, _ = outcome(qtbot, runner.submit("after", lane, slow_work.add, 1, 1))
    assert end == ("done", 2)


def test_a_process_that_dies_fails_its_job_and_the_next_one_works(qtbot, runner):
    (kind, error), _ = outcome(qtbot, runner.submit("dies", Lane.ENGINE, slow_work.die))
    assert kind == "failed"
    assert "memory" in error.message
    end, _ = outcome(qtbot, runner.submit("after", Lane.ENGINE, slow_work.add, 1, 2))
    assert end == ("done", 3)


def test_a_new_job_takes_the_place_of_an_earlier_one_with_its_key(qtbot, runner):
    old = runner.submit("old", Lane.ENGINE, slow_work.listen, key="generate")
    with qtbot.waitSignal(old.started, timeout=20000):
        pass
    new = runner.submit("new", Lane.ENGINE, slow_work.add, 1, 2, key="generate")
    end, _ = outcome(qtbot, new)
    assert old.state == "cancelled"
    assert end == ("done", 3)


def test_waiting_jobs_run_in_their_order(qtbot, runner):
    results = []
    jobs = [runner.submit(str(i), Lane.ENGINE, slow_work.add, i, 0) for i in range(5)]
    for job in jobs:
        job.done.connect(results.append)
    with qtbot.waitSignal(jobs[-1].finished, timeout=20000):
        pass
    assert results == [0, 1, 2, 3, 4]


def test_lanes_have_processes_of_their_own(qtbot, runner):
    (_, engine), _ = outcome(qtbot, runner.submit("a", Lane.ENGINE, slow_work.pid))
    (_, batch), _ = outcome(qtbot, runner.submit("b", Lane.BATCH, slow_work.pid))
    (_, again), _ = outcome(qtbot, runner.submit("c", Lane.ENGINE, slow_work.pid))
    assert engine == again != batch


def test_a_process_loads_neither_pytorch_nor_widgets_before_it_must(qtbot, runner):
    end, _ = outcome(qtbot, runner.submit("looks", Lane.ENGINE, slow_work.loaded))
    assert end == ("done", [])


def test_progress_that_comes_too_fast_is_thinned_but_the_last_step_arrives(qtbot, runner):
    end, said = outcome(qtbot, runner.submit("fast", Lane.ENGINE, slow_work.report_often))
    assert end == ("done", "over")
    steps = [event.done for kind, event in said if kind == "event"]
    assert steps[-1] == 2000
    assert len(steps) < 200


def test_closing_ends_processes_and_threads(qtbot, qapp):
    before = threading.active_count()
    runner = JobRunner()
    (_, number), _ = outcome(qtbot, runner.submit("a", Lane.ENGINE, slow_work.pid))
    runner.submit("b", Lane.ENGINE, slow_work.deaf)
    light = runner.submit("c", Lane.LIGHT, slow_work.listen)
    with qtbot.waitSignal(light.started):
        pass
    runner.close()
    assert not psutil.pid_exists(number) or psutil.Process(number).status() == psutil.STATUS_ZOMBIE
    qtbot.waitUntil(lambda: threading.active_count() <= before, timeout=3000)
    with pytest.raises(RuntimeError, match="closing"):
        runner.submit("d", Lane.LIGHT, slow_work.pid)


def test_threads_that_hang_do_not_hold_up_the_jobs_after_them(qtbot, runner):
    for number in range(3):
        job = runner.submit("hangs", Lane.LIGHT, slow_work.deaf, key=f"hang {number}")
        with qtbot.waitSignal(job.partial, timeout=5000):
            pass
        job.stop()
    end, _ = outcome(qtbot, runner.submit("after", Lane.LIGHT, slow_work.add, 1, 2))
    assert end == ("done", 3)


def test_an_answer_that_cannot_be_read_fails_its_job(qtbot, runner):
    (kind, _), _ = outcome(qtbot, runner.submit("odd", Lane.ENGINE, slow_work.unreadable))
    assert kind == "failed"
    end, _ = outcome(qtbot, runner.submit("after", Lane.ENGINE, slow_work.add, 1, 2))
    assert end == ("done", 3)


def test_a_process_that_cannot_be_started_fails_its_job(qtbot, runner, monkeypatch):
    def refuse(self):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("samhq.gui.engine.EngineProcess.start", refuse)
    (kind, error), _ = outcome(qtbot, runner.submit("none", Lane.ENGINE, slow_work.add, 1, 2))
    assert kind == "failed"
    assert "open files" in error.message
