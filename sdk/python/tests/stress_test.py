# SPDX-License-Identifier: Apache-2.0
"""Threads, sessions, cancels, shapes, bindings and garbage at once, under faulthandler. TENON_STRESS_SECONDS sets how
long (default 4); `stress_test.py 600` is ten minutes."""

import concurrent.futures
import faulthandler
import gc
import os
import random
import sys
import threading
import time

import numpy as np
import pytest
import small

import tenon

SECONDS = float(os.environ.get("TENON_STRESS_SECONDS", "4"))


class Stress:
    def __init__(self, seconds):
        self.end = time.monotonic() + seconds
        self.sources = [small.add(), small.one("Neg"), small.long_run(nodes=40, size=64)]
        self.sessions = [tenon.InferenceSession(source) for source in self.sources]
        self.counts = dict.fromkeys(
            ("run", "binding", "async", "cancelled", "deadline", "session", "wrong input", "report"), 0
        )
        self.problems = []
        self.lock = threading.Lock()

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def one(self, dice):
        which = dice.randrange(3)
        session = self.sessions[which]
        if dice.random() < 0.05:
            session = tenon.InferenceSession(self.sources[which], tenon.SessionOptions(threads=dice.randrange(3)))
            if dice.random() < 0.3:
                self.sessions[which] = session  # others go on with the old one
            self.count("session")
        x = np.full((dice.randrange(1, 20), 3) if which < 2 else (64, 64), dice.random(), np.float32)
        feed = {"x": x, "y": x} if which == 0 else {"x": x}
        name = session.get_outputs()[0].name
        action = dice.randrange(8)
        options = tenon.RunOptions()
        if action == 0:
            threading.Timer(dice.random() * 0.003, options.cancel).start()
        elif action == 1:
            options.timeout = 1e-6 + dice.random() * 0.002
        elif action == 2:
            feed["x"] = dice.choice([x.astype(np.float64), x[:, :1], None, "text"])
        try:
            if action == 3:
                binding = session.io_binding()
                for key, array in feed.items():
                    binding.bind_input(key, array)
                binding.bind_output(name)
                session.run_with_iobinding(binding)
                out = binding.copy_outputs_to_cpu()[0]
                self.count("binding")
            elif action == 4:
                future = session.run_async(None, feed, run_options=options)
                if dice.random() < 0.3:
                    future.cancel()
                out = future.result(60)[0]
                self.count("async")
            elif action == 5:
                out = np.empty(x.shape, np.float32)
                session.run(None, feed, out={name: out})
            else:
                out = session.run(None, feed, options)[0]
                self.count("run")
        except (tenon.CancelledError, concurrent.futures.CancelledError):
            return self.count("cancelled")
        except tenon.DeadlineError:
            return self.count("deadline")
        except (tenon.InvalidTensorError, tenon.InvalidArgumentError):
            if action != 2:
                raise
            return self.count("wrong input")
        # A narrower array is no mistake where dims are free: it has an answer of its own.
        if which < 2 and not np.array_equal(out, feed["x"] + x if which == 0 else -feed["x"]):
            self.problems.append(f"wrong answer of model {which}, action {action}")
        if dice.random() < 0.02:
            session.placement(), session.memory(), session.trim(), repr(session), session._repr_html_()
            self.count("report")
        if dice.random() < 0.01:
            gc.collect()
            tenon.trim()

    def work(self, seed):
        dice = random.Random(seed)
        try:
            while time.monotonic() < self.end and not self.problems:
                self.one(dice)
        except BaseException as error:
            self.problems.append(f"thread {seed}: {type(error).__name__}: {error}")


@pytest.mark.parametrize("threads", [8])
def test_stress(threads):
    faulthandler.enable()
    faulthandler.dump_traceback_later(SECONDS + 120, exit=True)
    stress = Stress(SECONDS)
    workers = [threading.Thread(target=stress.work, args=(seed,)) for seed in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    faulthandler.cancel_dump_traceback_later()
    print(stress.counts)
    assert stress.problems == []
    assert all(stress.counts[what] for what in ("run", "binding", "async", "wrong input"))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        os.environ["TENON_STRESS_SECONDS"] = sys.argv[1]
    sys.exit(pytest.main([__file__, "-q", "-s", "-p", "no:cacheprovider"]))
