# SPDX-License-Identifier: Apache-2.0
"""speechmos scores the quality of speech (16 kHz, mono), by all three of its models: python score_speech.py FILE"""

import sys
import wave

import numpy as np
from speechmos import aecmos, dnsmos, plcmos

from answers import Answers

with wave.open(sys.argv[1]) as sound:
    audio = np.frombuffer(sound.readframes(sound.getnframes()), np.int16).astype(np.float32) / 32768
noisy = np.clip(audio + np.random.default_rng(3).normal(0, 0.02, len(audio)).astype(np.float32), -1, 1)
loopback = np.roll(audio, 8000)


def plain(scores):
    return {name: value if isinstance(value, str) else float(value) for name, value in scores.items()}


np.random.seed(7)  # plcmos draws the raters whose opinion it asks for
answers = Answers()
for name, sample in (("clean", audio), ("noisy", noisy)):
    answers[f"dnsmos {name}"] = plain(answers.step("run", dnsmos.run, sample, 16000, return_df=False))
    answers[f"plcmos {name}"] = plain(answers.step("run", plcmos.run, sample, 16000, return_df=False))
heard = {"lpb": loopback, "mic": np.clip(noisy + 0.1 * loopback, -1, 1), "enh": noisy}
answers["aecmos"] = plain(answers.step("run", aecmos.run, heard, 16000, talk_type="dt", return_df=False))
answers.print()
