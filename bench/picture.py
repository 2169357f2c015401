#!/usr/bin/env python3
"""The comparison as a picture, by the standard library alone:  picture.py FILE.jsonl > docs/images/benchmarks.svg"""
import sys
from html import escape
from report import Results

WIDTH, LABEL, BAR, GAP, TOP = 460, 180, 20, 8, 64
OURS, THEIRS, INK, FAINT = "#0b6e4f", "#8aa0b4", "#1c2430", "#5b6776"

# Title, unit, value, digits after the point.
PANELS = [
    ("No-op jobs drained by one worker", "jobs per second, more is better", lambda r, n: r.median(n, "drain1", "rate"), 0),
    ("CPU per job, worker and store", "µs, less is better", lambda r, n: r.cpu(n), 0),
    ("Enqueued one by one, 64 in flight", "jobs per second, more is better", lambda r, n: r.median(n, "single", "rate"), 0),
    ("Start on an idle worker, p50", "ms from another process, less is better", lambda r, n: r.median(n, "latency", "p50"), 1),
    ("50-ms jobs at 50 slots", "jobs per second, at most 1,000", lambda r, n: r.median(n, "sleep1", "rate"), 0),
    ("Private memory of an idle worker", "MiB, less is better", lambda r, n: r.median(n, "idle", "private_mib"), 1),
]


def text(x, y, words, size=13, fill=INK, anchor="start", weight="normal"):
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{fill}" text-anchor="{anchor}" font-weight="{weight}">{escape(words)}</text>'


def panel(r, x, y, title, unit, value, digits):
    out = [text(x, y + 18, title, 15, weight="bold"), text(x, y + 36, unit, 12, FAINT)]
    values = {name: value(r, name) for name in r.names}
    most = max([v for v in values.values() if v] or [1])
    room = WIDTH - LABEL - 80
    for row, name in enumerate(r.names):
        top, v = y + TOP - 14 + row * (BAR + GAP), values[name]
        ours = name.startswith("platen")
        out.append(text(x + LABEL - 10, top + 15, name, 12, INK if ours else FAINT, "end", "bold" if ours else "normal"))
        if v is None:
            out.append(text(x + LABEL, top + 15, "not measured", 12, FAINT))
            continue
        width = max(2, room * v / most)
        out.append(f'<rect x="{x + LABEL}" y="{top}" width="{width:.1f}" height="{BAR}" rx="3" fill="{OURS if ours else THEIRS}"/>')
        out.append(text(round(x + LABEL + width + 6, 1), top + 15, f"{v:,.{digits}f}", 12))
    return out


def main():
    r = Results(sys.argv[1])
    height = TOP + len(r.names) * (BAR + GAP) + 10
    columns, margin, head = 2, 28, 84
    rows = -(-len(PANELS) // columns)
    w, h = columns * WIDTH + margin * (columns + 1), head + rows * height + 34
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" height="{h}" font-family="Helvetica, Arial, sans-serif">',
           f'<rect width="{w}" height="{h}" fill="#ffffff"/>', text(margin, 40, "Platen among other queues", 22, weight="bold"),
           text(margin, 62, f"On one machine: {r.run['cpus']} cores, Linux, PostgreSQL {r.run['postgres']} and SQLite durable at every commit, "
                f"Redis {r.run['redis']} as shipped. Medians of up to {r.run['options']['rounds']} rounds.", 13, FAINT)]
    for place, (title, unit, value, digits) in enumerate(PANELS):
        x, y = margin + (place % columns) * (WIDTH + margin), head + (place // columns) * height
        out += panel(r, x, y, title, unit, value, digits)
    out.append(text(margin, h - 16, "BullMQ and Sidekiq keep their jobs in the memory of Redis between snapshots; all others commit every job to disk.", 12, FAINT))
    print("\n".join(out + ["</svg>"]))


if __name__ == "__main__":
    main()
