# SPDX-License-Identifier: Apache-2.0
"""nudenet looks for bodies and faces in pictures: python find_people.py PICTURE..."""

import pathlib
import sys

from nudenet import NudeDetector

from answers import Answers

answers = Answers()
detector = answers.step("load", NudeDetector)
for path in sys.argv[1:]:
    answers[pathlib.Path(path).name] = answers.step("run", detector.detect, path)
answers.print()
