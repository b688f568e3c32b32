# SPDX-License-Identifier: Apache-2.0
"""Writes what the programs are asked about: python make_inputs.py FOLDER [PART...]; without a part, all of them.

pages/     three pages of text, two of them slightly turned
words/     short words with noise, as a captcha has them
objects/   pictures of a few letters at random places
people/    drawn people, for a detector of bodies
files/     50 files of many kinds
speech.wav 30 s of speech at 16 kHz with pauses (espeak-ng and sox)
"""

import base64
import gzip
import io
import json
import pathlib
import random
import subprocess
import sys
import wave
import zipfile

from PIL import Image, ImageDraw, ImageFilter, ImageFont

FONTS = pathlib.Path("/usr/share/fonts/truetype/dejavu")

PAGES = [
    [
        "Invoice 2026-1147",
        "Three crates of oranges    48.50",
        "One box of lemon soap      12.20",
        "Delivery                    6.00",
        "Total due within 14 days   66.70",
        "Thank you for your order.",
    ],
    [
        "The night train left the station",
        "at half past nine, and by the time",
        "it crossed the long iron bridge",
        "everyone in the last carriage",
        "was asleep except the violin player,",
        "who counted lamps: 41, 42, 43.",
    ],
    [
        "Opening hours",
        "Monday to Friday 09:00 - 18:30",
        "Saturday 10:00 - 14:00",
        "Closed on public holidays",
        "Telephone +49 30 1234567",
        "https://example.org/visit?lang=en",
    ],
]


def font(size, bold=False):
    return ImageFont.truetype(str(FONTS / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")), size)


def pages(folder, rng):
    for number, lines in enumerate(PAGES):
        page = Image.new("RGB", (900, 640), (250 - 12 * number, 248, 240))
        draw = ImageDraw.Draw(page)
        for row, line in enumerate(lines):
            draw.text(
                (60 + 10 * number, 50 + 92 * row),
                line,
                fill=(20, 20, 40 + 30 * number),
                font=font(40 - 4 * number, bold=row == 0),
            )
        page.rotate(-1.5 * number, fillcolor=(245, 245, 240), expand=False).save(folder / f"page{number}.png")


def words(folder, rng):
    for number, word in enumerate(["7xk3", "river", "Q8mT2", "oak41"]):
        picture = Image.new("RGB", (40 * len(word), 64), (255, 255, 255))
        draw = ImageDraw.Draw(picture)
        for place, letter in enumerate(word):
            draw.text(
                (8 + 36 * place, 6 + rng.randrange(8)),
                letter,
                fill=(rng.randrange(120), rng.randrange(90), 120),
                font=font(40, bold=True),
            )
        for _ in range(3):
            draw.line(
                [rng.randrange(picture.width), rng.randrange(64), rng.randrange(picture.width), rng.randrange(64)],
                fill=(160, 160, 170),
            )
        picture.save(folder / f"word{number}.png")


def objects(folder, rng):
    for number in range(3):
        picture = Image.new("RGB", (344, 384), (210, 225, 235))
        draw = ImageDraw.Draw(picture)
        for _ in range(60):
            draw.point((rng.randrange(344), rng.randrange(384)), fill=(90, 90, 90))
        for letter in rng.sample("ABDEGHKMRS", 4):
            draw.text(
                (rng.randrange(30, 280), rng.randrange(20, 310)),
                letter,
                fill=(rng.randrange(200), 40, 60),
                font=font(44, bold=True),
            )
        picture.save(folder / f"object{number}.png")


def people(folder, rng):
    for number in range(6):
        picture = Image.new("RGB", (480, 640), (200 + 8 * number, 215, 225 - 10 * number))
        draw = ImageDraw.Draw(picture)
        skin = [(236, 188, 160), (224, 172, 140), (198, 134, 98), (241, 204, 178), (160, 105, 70), (230, 180, 150)][
            number
        ]
        x, y, r = 240 + rng.randrange(-40, 40), 190, 90 + 6 * number
        draw.ellipse([x - r * 1.15, y - r * 1.5, x + r * 1.15, y + r * 1.9], fill=(60 + 12 * number, 40, 30))
        draw.rectangle([x - r * 0.35, y + r * 0.9, x + r * 0.35, y + r * 1.9], fill=skin)
        draw.polygon(
            [(x - r * 2, 640), (x - r * 1.5, y + r * 1.8), (x + r * 1.5, y + r * 1.8), (x + r * 2, 640)],
            fill=skin if number % 2 else (70, 90, 160),
        )
        draw.ellipse([x - r * 0.85, y - r * 1.1, x + r * 0.85, y + r * 1.2], fill=skin)
        for side in (-1, 1):
            eye = x + side * r * 0.35
            draw.ellipse([eye - r * 0.2, y - r * 0.25, eye + r * 0.2, y - r * 0.02], fill=(250, 250, 250))
            draw.ellipse([eye - r * 0.09, y - r * 0.22, eye + r * 0.09, y - r * 0.05], fill=(50, 70, 60))
            draw.arc([eye - r * 0.25, y - r * 0.5, eye + r * 0.25, y - r * 0.1], 200, 340, fill=(50, 30, 20), width=6)
        draw.polygon(
            [(x, y), (x - r * 0.12, y + r * 0.38), (x + r * 0.12, y + r * 0.38)],
            fill=tuple(int(part * 0.88) for part in skin),
        )
        draw.chord([x - r * 0.36, y + r * 0.35, x + r * 0.36, y + r * 0.8], 10, 170, fill=(190, 60, 70))
        picture.filter(ImageFilter.GaussianBlur(2.5)).save(folder / f"person{number}.png")


TEXTS = {
    "py": "import sys\n\n\ndef main(argv):\n    for number, name in enumerate(argv):\n        print(number, name)\n",
    "c": '#include <stdio.h>\n\nint main(void) {\n  for (int i = 0; i < 10; ++i) printf("%d\\n", i);\n  return 0;\n}\n',
    "sh": '#!/bin/sh\nset -e\nfor f in *.txt; do\n  wc -l "$f"\ndone\n',
    "json": json.dumps({"name": "oak", "sizes": [1, 2, 3], "nested": {"a": None, "b": True}}, indent=2),
    "html": "<!doctype html>\n<html><head><title>Page</title></head><body><h1>Hello</h1><p>Text.</p></body></html>\n",
    "css": "body { margin: 0; font-family: serif; }\n.card > h2 { color: #335577; padding: 4px 8px; }\n",
    "md": "# Title\n\nSome *text* with [a link](https://example.org).\n\n- one\n- two\n\n```\ncode\n```\n",
    "csv": "name,age,city\nAda,36,London\nAlan,41,Wilmslow\nGrace,85,Arlington\n",
    "xml": '<?xml version="1.0"?>\n<list><item id="1">first</item><item id="2">second</item></list>\n',
    "sql": "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT);\nSELECT name FROM people WHERE id > 3;\n",
    "ini": "[server]\nhost = localhost\nport = 8080\n\n[log]\nlevel = info\n",
    "yaml": "version: 2\nservices:\n  web:\n    image: nginx\n    ports:\n      - 80:80\n",
    "java": 'public class Main {\n  public static void main(String[] args) {\n    System.out.println("hi");\n  }\n}\n',
    "js": "const sum = (a, b) => a + b;\nmodule.exports = { sum };\nconsole.log(sum(1, 2));\n",
    "tex": "\\documentclass{article}\n\\begin{document}\nHello $x^2$.\n\\end{document}\n",
    "txt": "It was a plain text, with nothing in it but words, and a few commas, and an end.\n",
}


def files(folder, rng):
    made = {}
    for name, text in TEXTS.items():
        made[f"one.{name}"] = text.encode()
        made[f"long.{name}"] = (text * 20).encode()
    picture = Image.effect_noise((48, 40), 60).convert("RGB")
    for kind in ("png", "jpeg", "gif", "bmp", "tiff", "webp", "ppm", "pdf", "ico"):
        data = io.BytesIO()
        picture.save(data, kind)
        made[f"picture.{kind}"] = data.getvalue()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", TEXTS["txt"])
    sound = io.BytesIO()
    with wave.open(sound, "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        out.writeframes(rng.randbytes(4000))
    made |= {
        "archive.zip": packed.getvalue(),
        "archive.gz": gzip.compress(TEXTS["c"].encode() * 30, mtime=0),
        "sound.wav": sound.getvalue(),
        "random.bin": rng.randbytes(3000),
        "zeros": bytes(5000),
        "encoded": base64.b64encode(rng.randbytes(900)),
        "empty": b"",
        "tiny": b"abc",
        "utf16.txt": TEXTS["txt"].encode("utf-16"),
    }
    for name, data in sorted(made.items())[:50]:
        (folder / name).write_bytes(data)


SPEECH = [
    "The quick brown fox jumps over the lazy dog.",
    "Nothing moves behind your back.",
    "Forty two lamps along the river were counted before midnight.",
    "Please bring three oranges and a lemon.",
    "At half past nine the train had left the station.",
    "Was anybody still awake?",
    "The violin player was the only one.",
]


def speech(folder):
    """Sentences with pauses of different lengths between them, cut or padded to 30 s."""
    parts = []
    for number, sentence in enumerate(SPEECH):
        part = folder / f"part{number}.wav"
        subprocess.run(["espeak-ng", "-v", "en", "-s", str(130 + 7 * number), "-w", part, sentence], check=True)
        parts.append(part)
    steps = []
    for number, part in enumerate(parts):
        steps += [folder / f"padded{number}.wav"]
        subprocess.run(["sox", part, steps[-1], "pad", "0.4", str(0.6 + 0.35 * number)], check=True)
    subprocess.run(
        [
            "sox",
            *steps,
            "-r",
            "16000",
            "-b",
            "16",
            folder / "speech.wav",
            "gain",
            "-n",
            "-3",
            "rate",
            "-h",
            "pad",
            "0",
            "30",
            "trim",
            "0",
            "30",
        ],
        check=True,
    )
    for part in parts + steps:
        part.unlink()


DRAWN = {"pages": pages, "words": words, "objects": objects, "people": people, "files": files}


def main():
    folder, parts = pathlib.Path(sys.argv[1]), sys.argv[2:] or [*DRAWN, "speech"]
    for name in parts:
        if name == "speech":
            folder.mkdir(parents=True, exist_ok=True)
            speech(folder)
        else:
            (folder / name).mkdir(parents=True, exist_ok=True)
            DRAWN[name](folder / name, random.Random(11))


if __name__ == "__main__":
    main()
