# SPDX-License-Identifier: Apache-2.0
"""ddddocr reads words (its model `common`) and finds objects (`common_det`): python read_words.py FOLDER

FOLDER/words and FOLDER/objects hold the pictures.
"""

import pathlib
import sys

import ddddocr

from answers import Answers

folder = pathlib.Path(sys.argv[1])
answers = Answers()
reader = answers.step("load", ddddocr.DdddOcr, show_ad=False, beta=True)
finder = answers.step("load", ddddocr.DdddOcr, show_ad=False, det=True, ocr=False)
for path in sorted((folder / "words").iterdir()):
    answers[path.name] = answers.step("run", reader.classification, path.read_bytes())
for path in sorted((folder / "objects").iterdir()):
    answers[path.name] = [
        [int(edge) for edge in box] for box in answers.step("run", finder.detection, path.read_bytes())
    ]
answers.print()
