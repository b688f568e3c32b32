# SPDX-License-Identifier: Apache-2.0
"""rapidocr_onnxruntime reads pages of text: python read_pages.py PICTURE..."""

import pathlib
import sys

from rapidocr_onnxruntime import RapidOCR

from answers import Answers

answers = Answers()
reader = answers.step("load", RapidOCR)
for path in sys.argv[1:]:
    lines, _ = answers.step("run", reader, path)
    answers[pathlib.Path(path).name] = [
        {"text": text, "score": float(score), "box": box} for box, text, score in lines or []
    ]
answers.print()
