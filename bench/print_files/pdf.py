#!/usr/bin/env python3
"""One zone's print PDF beside CairoSVG's of the same drawing, warm and cold, in turns; and the most memory a poster with a photograph takes.

    cargo build --release -p platen-press --example measure
    python3 bench/print_files/pdf.py target/release/examples/measure [rounds]

Warm: each seven times in a row in a process that has done it before, ours from the spec's text and the picture's bytes, CairoSVG from the
finished SVG. Cold: a process each, start included. Prints medians in milliseconds and how many times as long CairoSVG took.
"""
import json, os, pathlib, shutil, statistics, subprocess, sys, tempfile, time

import cairosvg

measure, rounds = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 15
root = pathlib.Path(__file__).resolve().parents[2]
work = pathlib.Path(tempfile.mkdtemp())
shutil.copy(root / "fixtures/specs/assets/gradient-photo.jpg", work / "photo.jpg")


def spec(name, width, height, *layers):
    zone = {"id": "a", "widthMm": width, "heightMm": height, "bleedMm": 3, "background": "#fdf6e3"}
    product = {"id": name, "kind": "poster", "templateVersion": 1, "zones": [zone]}
    (work / f"{name}.json").write_text(json.dumps({"specVersion": "1.0.0", "product": product, "layers": layers}))


def words(y, size, width):
    box = {"x": 4, "y": y, "w": width - 8, "h": 30}
    return {"zone": "a", "type": "text", "text": "Zo\u00eb & \u0141ukasz", "font": "Lobster", "color": "#1d3557", "sizeMm": size, "minSizeMm": 2,
            "fit": "shrink", "align": "center", "box": box}


def photo(width, height):
    return {"zone": "a", "type": "image", "href": "photo.jpg", "box": {"x": 4, "y": 4, "w": width - 8, "h": height}}


spec("text", 80, 80, words(25, 20, 80))
spec("photo", 80, 80, photo(80, 48), words(48, 12, 80))
spec("poster", 210, 297, photo(210, 135), words(200, 30, 210))
ours = subprocess.Popen([measure], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(line):
    ours.stdin.write(line + "\n")
    ours.stdin.flush()
    return json.loads(ours.stdout.readline())


def timed(run):
    began = time.perf_counter()
    run()
    return (time.perf_counter() - began) * 1000


def warm_ours(name):
    return statistics.median(ask(f"pdf {work}/{name}.json 7")["ns"]) / 1e6


def warm_cairo(name):
    files = {"url": str(work / f"{name}.svg"), "write_to": str(work / "warm.pdf")}
    return statistics.median(timed(lambda: cairosvg.svg2pdf(**files)) for _ in range(7))


def cold_ours(name):
    subprocess.run([measure], input=f"pdf {work}/{name}.json 1\n", text=True, check=True, stdout=subprocess.DEVNULL)


def cold_cairo(name):
    program = "import cairosvg, sys; cairosvg.svg2pdf(url=sys.argv[1], write_to=sys.argv[2])"
    subprocess.run([sys.executable, "-c", program, work / f"{name}.svg", work / "cold.pdf"], check=True)


for name in ("text", "photo", "poster"):
    ask(f"svg {work}/{name}.json {work}/{name}.svg")
    took = {key: [] for key in ("warm ours", "warm CairoSVG", "cold ours", "cold CairoSVG")}
    for turn in range(rounds + 1):
        one = {"warm ours": warm_ours(name), "warm CairoSVG": warm_cairo(name),
               "cold ours": timed(lambda: cold_ours(name)), "cold CairoSVG": timed(lambda: cold_cairo(name))}
        if turn > 0:
            [took[key].append(ms) for key, ms in one.items()]
    ms = {key: statistics.median(all) for key, all in took.items()}
    ratios = {kind: round(ms[f"{kind} CairoSVG"] / ms[f"{kind} ours"], 1) for kind in ("warm", "cold")}
    print(json.dumps({"design": name, **{key: round(value, 2) for key, value in ms.items()}, "ratio": ratios}))
small = "import resource, subprocess, sys; subprocess.run([sys.argv[1]], input=sys.argv[2], text=True, stdout=subprocess.DEVNULL); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
most = subprocess.run([sys.executable, "-S", "-c", small, measure, f"pdf {work}/poster.json 1\n"], capture_output=True, text=True).stdout
print(json.dumps({"poster with a photograph, most memory in MB": round(int(most) / 1024, 1)}))
ours.stdin.close()
shutil.rmtree(work)
