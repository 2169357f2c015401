#!/usr/bin/env python3
"""`platen preflight` of a 100-page PDF and of a PNG of about 100 MB: seconds, and the most memory that it and its child held.

python3 bench/print_files/preflight.py PLATEN: both files are made here, of noise and of plain drawings, by the standard library alone.
"""
import json, os, pathlib, random, struct, subprocess, sys, tempfile, time, zlib

platen, work = os.path.abspath(sys.argv[1]), pathlib.Path(tempfile.mkdtemp())


def pdf(pages):
    out, places = bytearray(b"%PDF-1.6\n"), []

    def add(body):
        places.append(len(out))
        out.extend(b"%d 0 obj\n%s\nendobj\n" % (len(places), body))

    kids = b" ".join(b"%d 0 R" % (3 + 2 * n) for n in range(pages))
    add(b"<</Type/Catalog/Pages 2 0 R>>")
    add(b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, kids))
    for n in range(pages):
        box = b"/MediaBox[0 0 442.2 620.8]/TrimBox[11.34 11.34 430.86 609.46]"
        add(b"<</Type/Page/Parent 2 0 R%s/Contents %d 0 R/Resources<<>>>>" % (box, 4 + 2 * n))
        lines = b"".join(b"%d %d m %d %d l S\n" % (i % 440, i % 620, (i * 7) % 440, (i * 13) % 620) for i in range(2000))
        data = zlib.compress(b"0.5 w 0 0 0 1 K\n" + lines)
        add(b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(data), data))
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, start)
    return bytes(out)


def png(width, height):
    noise = random.Random(7)
    pack = zlib.compressobj(0)

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    yield b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    for _ in range(height):
        data = pack.compress(b"\0" + noise.randbytes(width * 4))
        if data:
            yield chunk(b"IDAT", data)
    yield chunk(b"IDAT", pack.flush()) + chunk(b"IEND", b"")


# A process inherits the peak of the one that starts it, so that one is small; what it waits for counts with all of its children.
SMALL = "import resource, subprocess, sys; subprocess.run(sys.argv[1:]); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"


def look(path, *more):
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-S", "-c", SMALL, platen, "preflight", path, "--json", *more], capture_output=True, text=True)
    took = time.perf_counter() - began
    report, _, most = done.stdout.strip().rpartition("\n")
    report = json.loads(report)
    print(json.dumps({"file": path.name, "mb": round(path.stat().st_size / 1e6, 1), "seconds": round(took, 3),
                      "most_mb": round(int(most) / 1024, 1), "verdict": report["verdict"], "checks": len(report["checks"])}))


with open(work / "large.png", "wb") as file:
    for piece in png(5000, 5000):
        file.write(piece)
look(work / "large.png", "--size", "420x420")
(work / "hundred.pdf").write_bytes(pdf(100))
look(work / "hundred.pdf", "--size", "A5", "--pages", "100")
