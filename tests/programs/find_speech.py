# SPDX-License-Identifier: Apache-2.0
"""faster-whisper's voice activity detector: where a sound file (16 kHz, mono) has speech: python find_speech.py FILE"""

import sys
import wave

import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps, get_vad_model

from answers import Answers

with wave.open(sys.argv[1]) as sound:
    audio = np.frombuffer(sound.readframes(sound.getnframes()), np.int16).astype(np.float32) / 32768

answers = Answers()
model = answers.step("load", get_vad_model)
padded = np.pad(audio, (0, -len(audio) % 512))
probabilities = answers.step("run", model, padded).squeeze()
answers["probabilities"] = [float(p) for p in probabilities[::8]]
answers["segments"] = answers.step("run", get_speech_timestamps, audio, VadOptions(min_silence_duration_ms=300))
answers.print()
