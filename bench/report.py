#!/usr/bin/env python3
"""Medians over rounds, with the lowest and highest, and the goals, as Markdown:  report.py FILE.jsonl [PAGE.md]

With a page, what stands there between the lines `<!-- report -->` and `<!-- end of report -->` is replaced."""
import json, statistics, sys
import goals


class Results:
    def __init__(self, path):
        with open(path) as file:
            lines = [json.loads(line) for line in file]
        self.run = lines[0]
        self.lines = [line for line in lines[1:] if "error" not in line]
        self.failed = [line for line in lines[1:] if "error" in line]
        self.names = list(dict.fromkeys(line["name"] for line in sorted(lines[1:], key=self._order)))

    @staticmethod
    def _order(line):
        return (not line["name"].startswith("platen"), line["name"])

    def values(self, name, phase, key):
        return [line[key] for line in self.lines if line["name"] == name and line["phase"] == phase and key in line]

    def median(self, name, phase, key):
        found = self.values(name, phase, key)
        return statistics.median(found) if found else None

    def cpu(self, name, phase="drain1"):
        """Worker and store together, µs per job."""
        found = [line["cpu_worker_us"] + line["cpu_store_us"] for line in self.lines if line["name"] == name and line["phase"] == phase]
        return statistics.median(found) if found else None

    def ratio(self, name, phase, over_phase):
        """Of two phases of the same round, the median over rounds."""
        of = {line["round"]: line["rate"] for line in self.lines if line["name"] == name and line["phase"] == over_phase}
        found = [line["rate"] / of[line["round"]] for line in self.lines if line["name"] == name and line["phase"] == phase and of.get(line["round"])]
        return statistics.median(found) if found else None

    def against(self, name, phase, other):
        """This contender's rate over another one's in the same round: (median, lowest, highest)."""
        of = {line["round"]: line["rate"] for line in self.lines if line["name"] == other and line["phase"] == phase}
        found = [line["rate"] / of[line["round"]] for line in self.lines if line["name"] == name and line["phase"] == phase and of.get(line["round"])]
        return (statistics.median(found), min(found), max(found)) if found else None


def number(value, digits=0):
    return "–" if value is None else f"{value:,.{digits}f}"


def spread(r, name, phase, key="rate", digits=0):
    found = r.values(name, phase, key)
    if not found:
        return "–"
    text = number(statistics.median(found), digits)
    return f"{text} ({number(min(found), digits)}–{number(max(found), digits)})" if len(found) > 1 else text


def pair(r, name, phase):
    p50, p99 = r.median(name, phase, "p50"), r.median(name, phase, "p99")
    return "–" if p50 is None else f"{number(p50, 1)} / {number(p99, 1)}"


def against(r, name):
    found = r.against(name, "drain1", "bullmq")
    return "–" if not found else f"{found[0]:.2f} ({found[1]:.2f}–{found[2]:.2f})"


ROWS = [
    ("enqueue one by one, 64 in flight, /s", lambda r, n: spread(r, n, "single")),
    ("enqueue in blocks of 1,000, /s", lambda r, n: spread(r, n, "bulk")),
    ("drain, one worker, /s", lambda r, n: spread(r, n, "drain1")),
    ("× BullMQ, same round", against),
    ("drain, two workers, /s", lambda r, n: spread(r, n, "drain2")),
    ("second worker's factor", lambda r, n: number(r.ratio(n, "drain2", "drain1"), 2)),
    ("CPU per job, worker, µs", lambda r, n: spread(r, n, "drain1", "cpu_worker_us")),
    ("CPU per job, store, µs", lambda r, n: spread(r, n, "drain1", "cpu_store_us")),
    ("CPU per job, together, × BullMQ", lambda r, n: number(r.cpu(n) / r.cpu("bullmq") if r.cpu(n) and r.cpu("bullmq") else None, 2)),
    ("50-ms jobs at 50 slots, /s (at most 1,000)", lambda r, n: spread(r, n, "sleep1")),
    ("the same, two workers (at most 2,000)", lambda r, n: spread(r, n, "sleep2")),
    ("second worker's factor, 50-ms jobs", lambda r, n: number(r.ratio(n, "sleep2", "sleep1"), 2)),
    ("idle start, from another process, p50 / p99 ms", lambda r, n: pair(r, n, "latency")),
    ("idle start, same process, p50 / p99 ms", lambda r, n: pair(r, n, "embedded")),
    ("the same, another tenant floods, p50 / p99 ms", lambda r, n: pair(r, n, "flooded")),
    ("private memory, idle, MiB", lambda r, n: number(r.median(n, "idle", "private_mib"), 1)),
    ("resident memory, idle, MiB", lambda r, n: number(r.median(n, "idle", "rss_mib"), 1)),
    ("CPU of an idle worker, %", lambda r, n: number(r.median(n, "idle", "cpu_percent"), 2)),
    ("CPU of an idle store, %", lambda r, n: number(r.median(n, "idle", "cpu_store_percent"), 2)),
    ("jobs lost or doubled", lambda r, n: number(lost(r, n))),
]


def lost(r, name):
    drains = [line for line in r.lines if line["name"] == name and line["phase"].startswith("drain") and line["full"]]
    expected = {"drain1": r.run["options"]["n"], "drain2": 2 * r.run["options"]["n"]}
    return sum(abs(line["jobs"] - line["doubled"] - expected[line["phase"]]) + line["doubled"] for line in drains) if drains else None


def report(r):
    o, loads = r.run["options"], [line["load"] for line in r.lines]
    yield (f"{r.run['when']}, commit {r.run['commit']}, {r.run['cpus']} cores {r.run['machine']}, Linux {r.run['kernel'].split('-')[0]}, PostgreSQL "
           f"{r.run['postgres']}, Redis {r.run['redis']}; {o['rounds']} rounds of {o['n']:,} jobs, {o['slots']} slots a worker, {o['samples']:,} latencies. "
           f"Load of the machine during the run: {min(loads):.1f} to {max(loads):.1f}.")
    yield from ("", "| median (lowest–highest) | " + " | ".join(r.names) + " |", "| --- |" + " --- |" * len(r.names))
    for title, cell in ROWS:
        yield f"| {title} | " + " | ".join(cell(r, name) for name in r.names) + " |"
    yield from ("", "| goal | | this run | |", "| --- | --- | --- | --- |")
    yield from goals.rows(r)
    for line in r.failed:
        yield f"\nFailed: {line['name']}, {line['phase']}, round {line['round']}: {line['error']}"


def main():
    text = "\n".join(report(Results(sys.argv[1])))
    if len(sys.argv) < 3:
        return print(text)
    with open(sys.argv[2]) as file:
        head, rest = file.read().split("<!-- report -->\n", 1)
    _, tail = rest.split("<!-- end of report -->\n", 1)
    with open(sys.argv[2], "w") as file:
        file.write(f"{head}<!-- report -->\n{text}\n<!-- end of report -->\n{tail}")


if __name__ == "__main__":
    main()
