#!/usr/bin/env python3
"""A three-zone bundle by `platen press --bundle` beside scripts over rsvg-convert and CairoSVG, each a process of its own, interleaved.

python3 bench/print_files/bundle.py PLATEN [rounds]: the peers get the finished SVGs of the same design and make PDF and 300-dpi PNG of each
zone and a ZIP; they know no boxes, no inks, no cut line, no DXF and no manifest. Prints medians in milliseconds and ratios.
"""
import json, os, pathlib, shutil, statistics, subprocess, sys, tempfile, time, zipfile

platen, rounds = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 15
root = pathlib.Path(__file__).resolve().parents[2]
design = root / "fixtures/specs/02-mug-multi-zone.json"
work = pathlib.Path(tempfile.mkdtemp())


def ours(out):
    subprocess.run([platen, "press", design, "--bundle", "--out", out, "--json"], check=True, stdout=subprocess.DEVNULL)


def packed(out):
    with zipfile.ZipFile(out / "bundle.zip", "w") as pack:
        for file in sorted(out.iterdir()):
            if file.suffix in (".svg", ".pdf", ".png"):
                kind = zipfile.ZIP_DEFLATED if file.suffix == ".svg" else zipfile.ZIP_STORED
                pack.write(file, file.name, kind)


def rsvg(out):
    for svg in svgs:
        shutil.copy(svg, out)
        for kind in ("pdf", "png"):
            dpi = ["--dpi-x=300", "--dpi-y=300"] if kind == "png" else []
            subprocess.run(["rsvg-convert", "-f", kind, *dpi, "-o", out / f"{svg.stem}.{kind}", svg], check=True)
    packed(out)


CAIRO = """
import sys, pathlib, cairosvg, zipfile
out = pathlib.Path(sys.argv[1])
for svg in map(pathlib.Path, sys.argv[2:]):
    (out / svg.name).write_bytes(svg.read_bytes())
    cairosvg.svg2pdf(url=str(svg), write_to=str(out / (svg.stem + '.pdf')))
    cairosvg.svg2png(url=str(svg), write_to=str(out / (svg.stem + '.png')), dpi=300)
with zipfile.ZipFile(out / 'bundle.zip', 'w') as pack:
    for file in sorted(out.iterdir()):
        if file.suffix in ('.svg', '.pdf', '.png'):
            pack.write(file, file.name, zipfile.ZIP_DEFLATED if file.suffix == '.svg' else zipfile.ZIP_STORED)
"""


def cairo(out):
    subprocess.run([sys.executable, "-c", CAIRO, out, *svgs], check=True)


first = work / "first"
ours(first)
svgs = sorted(first.glob("*.svg"))
assert len(svgs) == 3, "three zones"
contenders = {"platen": ours, "rsvg-convert": rsvg, "CairoSVG": cairo}
took = {name: [] for name in contenders}
for _ in range(rounds):
    for name, make in contenders.items():
        out = work / "out"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        began = time.perf_counter()
        make(out)
        took[name].append((time.perf_counter() - began) * 1000)
        assert (out / "bundle.zip").stat().st_size > 1000
medians = {name: statistics.median(all) for name, all in took.items()}
base = medians["platen"]
print(json.dumps({name: {"ms": round(ms, 1), "ratio": round(ms / base, 2)} for name, ms in medians.items()}, indent=1))
shutil.rmtree(work)
