import gc
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from synthgen.errors import SynthgenError
from tests.engine_tasks import wait_until
from tests.test_engine import ROOT
from training import processes
from training.feeding import Batch, MakeBatch
from training.processes import NOWHERE, SLOT_BYTES, Packed, Processes, Slots

SLOW_RUN = """
from tests.training.test_processes import tell_who_and_sleep
from training.processes import Processes
if __name__ == "__main__":
    try:
        Processes(tell_who_and_sleep, 1, 1)(0)
    except KeyboardInterrupt:
        raise SystemExit(130)
"""


def counted(step: int) -> Batch:
    """Return arrays of odd sizes that depend on the step."""
    image = (np.arange(2 * 3 * 5, dtype=np.float32) + 100 * step).reshape(2, 3, 5)
    return {"image": image, "previous": np.full((2, 7), step, dtype=np.int32)}, np.array([[step], [-step]], dtype=np.int32)


def faulty(step: int) -> Batch:
    if step == 1:
        raise SynthgenError("words-00003.parquet: is damaged")
    if step == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    if step == 3:
        os._exit(7)
    return counted(step)


def who(step: int) -> Batch:
    return np.array([os.getpid()], dtype=np.int32), np.array([step], dtype=np.int32)


def tell_who_and_sleep(step: int) -> Batch:
    sys.stdout.write(f"{os.getpid()}\n")
    sys.stdout.flush()
    time.sleep(60)
    return counted(step)


@contextmanager
def running(make: MakeBatch, workers: int = 1, held: int = 2) -> Iterator[Processes]:
    made = Processes(make, workers, held)
    try:
        yield made
    finally:
        made.close()


def is_of(batch: Batch, step: int) -> bool:
    (image, y), (wanted, truth) = batch, counted(step)
    assert isinstance(image, dict) and isinstance(wanted, dict)
    pairs = [(image["image"], wanted["image"]), (image["previous"], wanted["previous"]), (y, truth)]
    return all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in pairs)


def test_batches_are_the_steps_own_whoever_makes_them_and_however_many_are_kept() -> None:
    with running(counted, workers=2) as made, ThreadPoolExecutor(2) as threads:
        kept = list(threads.map(made, range(12)))  # more than there are slots
        assert all(is_of(batch, step) for step, batch in enumerate(kept))


def packed(slots: Slots, step: int) -> tuple[Packed, int]:
    slot = slots.take()
    return slots.pack(counted(step), slot), slot


def test_a_slot_is_free_again_once_no_array_in_it_is_left_not_even_a_part_of_one() -> None:
    slots = Slots(1)
    inputs, y = slots.unpack(*packed(slots, 5))
    assert isinstance(inputs, dict)
    part = inputs["image"][1:, ::2]
    assert slots.take() == NOWHERE
    del inputs, y
    gc.collect()
    assert slots.take() == NOWHERE
    assert np.array_equal(part, np.array([[[515, 516, 517, 518, 519], [525, 526, 527, 528, 529]]], dtype=np.float32))
    del part
    gc.collect()
    assert slots.take() == 0


def test_arrays_begin_where_a_backend_can_take_them_as_they_lie() -> None:
    slots = Slots(2)
    for step in range(2):
        inputs, y = slots.unpack(*packed(slots, step))
        assert isinstance(inputs, dict)
        assert [array.ctypes.data % 64 for array in (*inputs.values(), y)] == [0, 0, 0]


def test_what_does_not_fit_into_a_slot_comes_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "SLOT_BYTES", 4096)
    slots = Slots(1)
    slot = slots.take()
    large = np.arange(2000, dtype=np.int32), np.zeros(1, dtype=np.int32)
    rest, spans = slots.pack(large, slot)
    assert spans == [] and len(rest) > 8000
    assert np.array_equal(np.asarray(slots.unpack((rest, spans), slot)[0]), large[0])
    assert slots.take() == slot


def test_a_system_without_such_memory_uses_the_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create")
    slots = Slots(3)
    assert slots.take() == NOWHERE
    assert pickle.loads(pickle.dumps(slots)).take() == NOWHERE
    assert is_of(slots.unpack(*packed(slots, 4)), 4)


def test_only_what_batches_fill_becomes_memory() -> None:
    slots = Slots(8)
    kept = [slots.unpack(*packed(slots, step)) for step in range(8)]
    assert len(kept) == 8
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    assert int(status["RssShmem"].split()[0]) * 1024 < SLOT_BYTES


def test_the_fault_of_a_step_does_not_end_the_worker() -> None:
    with running(faulty) as made:
        for _ in range(5):
            with pytest.raises(SynthgenError, match=r"words-00003.parquet: is damaged"):
                made(1)
        assert is_of(made(0), 0)
        assert NOWHERE not in {made._slots.take() for _ in range(3)}  # it cost no slot either


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (2, r"step 2: each process that makes batches must live to the end, this one was killed, .*; give fewer --workers"),
        (3, r"step 3: each process .*, this one ended without a word \(exit code 7\); train without --use-multiprocessing to see why"),
    ],
    ids=["killed", "ended"],
)
def test_the_death_of_a_worker_is_told_and_told_again(step: int, message: str) -> None:
    with running(faulty) as made:
        with pytest.raises(SynthgenError, match=message):
            made(step)
        with pytest.raises(SynthgenError, match="step 0: each process that makes batches must live"):
            made(0)


def test_each_worker_is_started_once_and_ends_when_closed() -> None:
    with running(who) as made:
        (pid,) = {int(np.asarray(made(step)[0])[0]) for step in range(3)}
        assert alive(pid)
    assert not alive(pid)


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/exe").exists()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_workers_and_memory_end_with_their_parent(tmp_path: Path, sign: signal.Signals) -> None:
    script = tmp_path / "run.py"
    script.write_text(SLOW_RUN, encoding="utf-8")
    env = {"PYTHONPATH": str(ROOT), "PATH": os.defpath}
    pipe = subprocess.PIPE
    run = subprocess.Popen([sys.executable, script], env=env, text=True, start_new_session=True, stdout=pipe, stderr=pipe)
    assert run.stdout is not None
    worker = int(run.stdout.readline())
    if sign == signal.SIGINT:
        os.killpg(run.pid, sign)  # as a terminal does: the worker gets it too
    else:
        run.kill()
    _, complaints = run.communicate(timeout=20)
    wait_until(lambda: not alive(worker))  # and the memory, which has no name, with it
    assert run.returncode == (130 if sign == signal.SIGINT else -signal.SIGKILL)
    assert complaints == ""
