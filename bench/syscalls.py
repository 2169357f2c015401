#!/usr/bin/env python3
"""Shows by the order of system calls that no enqueue is answered before its commit is on disk:  syscalls.py [PATH/TO/platen]

Runs `platen bench single --answers` on SQLite under strace. For every answered job the trace must hold, in this order: a pwrite64 of a page
with its row into the write-ahead log, an fdatasync (or fsync) of that log which began after it and ended, and then the write of the answer."""
import os, re, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
JOBS, CALLERS = 640, 64
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
CALL = re.compile(rb'^(\d+) +(?:<\.\.\. )?(pwrite64|write|fdatasync|fsync)(?: resumed>|\((\d+)<([^>]*)>)')
UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


def uuid_of(job):
    """job_… as the rows spell it."""
    number = 0
    for letter in job.split("_")[1]:
        number = number * 32 + ALPHABET.index(letter)
    h = f"{number:032x}"
    return "-".join((h[:8], h[8:12], h[12:16], h[16:20], h[20:]))


def judge(trace):
    """(answers, syncs, complaints) of a trace's lines."""
    written, synced, began, answered, syncs, wrong = {}, {}, {}, 0, 0, []
    for at, line in enumerate(trace):
        found = CALL.match(line)
        if not found:
            continue
        pid, call, file = found[1], found[2], found[4]
        if call in (b"fdatasync", b"fsync"):
            if file is not None and file.endswith(b"-wal"):
                began[pid] = at
            if pid in began and b"unfinished" not in line and b"= 0" in line:
                syncs += 1
                start = began.pop(pid)
                for row, when in written.items():
                    if when < start:
                        synced.setdefault(row, at)
        elif call == b"pwrite64" and file is not None and file.endswith(b"-wal"):
            for row in UUID.findall(line):
                written.setdefault(row, at)
        elif call == b"write" and file is not None and file.endswith(b"/answers"):
            answered += 1
            job = re.search(rb'"(job_[0-9a-z]+)', line)[1].decode()
            row = uuid_of(job).encode()
            if row not in written:
                wrong.append(f"{job} was answered before its row was written")
            elif row not in synced:
                wrong.append(f"{job} was answered before its row was on disk")
    return answered, syncs, wrong


def main():
    platen = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "..", "target", "release", "platen")
    with tempfile.TemporaryDirectory(prefix="platen-syscalls-") as folder:
        trace = os.path.join(folder, "trace")
        words = ["strace", "-f", "-y", "-s", "5000", "-e", "trace=fsync,fdatasync,pwrite64,write", "-o", trace, platen, "bench", "single",
                 "--folder", os.path.join(folder, "place"), "--rounds", "1", "--n", str(JOBS), "--in-flight", str(CALLERS), "--answers"]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(trace, "rb") as file:
            answered, syncs, wrong = judge(file)
    if answered != JOBS:
        wrong.append(f"{answered} of {JOBS} answers were seen")
    print(f"{answered} answers of {CALLERS} callers after {syncs} syncs of the log; {len(wrong)} out of order")
    for line in wrong[:10]:
        print(" ", line)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
