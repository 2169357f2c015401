"""What was set as a goal, and whether a run reached it."""


def _least(value, goal):
    return value >= goal


def _most(value, goal):
    return value <= goal


def _ratio(name):
    return lambda r: r.against(name, "drain1", "bullmq") and r.against(name, "drain1", "bullmq")[0]


def _cpu(name):
    return lambda r: r.cpu(name) and r.cpu("bullmq") and r.cpu(name) / r.cpu("bullmq")


def _second(name, many, one):
    return lambda r: r.ratio(name, many, one)


def _median(name, phase, key):
    return lambda r: r.median(name, phase, key)


# What, how it is read from a run, how it is judged, against what, unit.
GOALS = [
    ("drain on PostgreSQL", _ratio("platen-pg"), _least, 2, "× BullMQ"),
    ("drain on SQLite", _ratio("platen-sqlite"), _least, 3, "× BullMQ"),
    ("CPU per job on PostgreSQL, worker and store", _cpu("platen-pg"), _most, 0.7, "× BullMQ"),
    ("CPU per job on SQLite", _cpu("platen-sqlite"), _most, 0.4, "× BullMQ"),
    ("second worker on PostgreSQL", _second("platen-pg", "drain2", "drain1"), _least, 1.3, "×"),
    ("second worker on SQLite", _second("platen-sqlite", "drain2", "drain1"), _least, 0.9, "×"),
    ("second worker, 50-ms jobs, PostgreSQL", _second("platen-pg", "sleep2", "sleep1"), _least, 1.9, "×"),
    ("second worker, 50-ms jobs, SQLite", _second("platen-sqlite", "sleep2", "sleep1"), _least, 1.9, "×"),
    ("50-ms jobs at 50 slots, PostgreSQL", _median("platen-pg", "sleep1", "rate"), _least, 970, "/s"),
    ("50-ms jobs at 50 slots, SQLite", _median("platen-sqlite", "sleep1", "rate"), _least, 970, "/s"),
    ("single enqueue, 64 in flight, PostgreSQL", _median("platen-pg", "single", "rate"), _least, 20000, "/s"),
    ("single enqueue, 64 in flight, SQLite", _median("platen-sqlite", "single", "rate"), _least, 20000, "/s"),
    ("enqueue in blocks, PostgreSQL", _median("platen-pg", "bulk", "rate"), _least, 50000, "rows/s"),
    ("enqueue in blocks, SQLite", _median("platen-sqlite", "bulk", "rate"), _least, 50000, "rows/s"),
    ("idle start embedded, p50", _median("platen-sqlite", "embedded", "p50"), _most, 2, "ms"),
    ("idle start on SQLite from another process, p50", _median("platen-sqlite", "latency", "p50"), _most, 2, "ms"),
    ("idle start on PostgreSQL, p50", _median("platen-pg", "latency", "p50"), _most, 5, "ms"),
    ("idle start over Redis, p50", _median("platen-redis", "latency", "p50"), _most, 20, "ms"),
    ("idle start on SQLite, p99", _median("platen-sqlite", "latency", "p99"), _most, 25, "ms"),
    ("idle start on PostgreSQL, p99", _median("platen-pg", "latency", "p99"), _most, 25, "ms"),
    ("idle start over Redis, p99", _median("platen-redis", "latency", "p99"), _most, 25, "ms"),
    ("start beside a flood on SQLite, p99", _median("platen-sqlite", "flooded", "p99"), _most, 25, "ms"),
    ("start beside a flood on PostgreSQL, p99", _median("platen-pg", "flooded", "p99"), _most, 25, "ms"),
    ("start beside a flood over Redis, p99", _median("platen-redis", "flooded", "p99"), _most, 25, "ms"),
    ("CPU of an idle worker on PostgreSQL", _median("platen-pg", "idle", "cpu_percent"), _most, 0.5, "%"),
    ("CPU of an idle worker on SQLite", _median("platen-sqlite", "idle", "cpu_percent"), _most, 0.5, "%"),
    ("private memory when idle, PostgreSQL", _median("platen-pg", "idle", "private_mib"), _most, 15, "MiB"),
    ("private memory when idle, SQLite", _median("platen-sqlite", "idle", "private_mib"), _most, 15, "MiB"),
]


def rows(r):
    """The goals as rows of a Markdown table; what was not measured says so."""
    for what, read, judge, goal, unit in GOALS:
        value, word = read(r), "at least" if judge is _least else "at most"
        shown = "not measured" if value is None else f"{value:,.{0 if value >= 100 else 2}f} {unit}"
        verdict = "–" if value is None else "reached" if judge(value, goal) else "**not reached**"
        yield f"| {what} | {word} {goal:,} {unit} | {shown} | {verdict} |"
