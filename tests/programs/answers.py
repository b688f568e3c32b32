# SPDX-License-Identifier: Apache-2.0
"""What every program here prints: one line of JSON, what it was asked and answered, and the seconds of each step."""

import json
import time


class Answers:
    """Collects answers; `step` times what it runs.

    answers = Answers()
    model = answers.step("load", Model)
    answers["page0.png"] = answers.step("run", model, "page0.png")
    answers.print()
    """

    def __init__(self):
        self._answers, self._seconds = {}, {}

    def __setitem__(self, name, value):
        self._answers[name] = value

    def step(self, name, call, *args, **options):
        start = time.perf_counter()
        result = call(*args, **options)
        self._seconds[name] = self._seconds.get(name, 0.0) + time.perf_counter() - start
        return result

    def print(self):
        print(json.dumps({"answers": self._answers, "seconds": self._seconds}, ensure_ascii=False))
