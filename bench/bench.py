#!/usr/bin/env python3
"""Measures every contender with the same jobs; phases interleave the contenders in random order. See README.md."""
import argparse, json, os, platform, random, signal, subprocess, sys, time
import contender
from stores import Stores

WARM = 10**9  # the number of a job that only warms up


def percentiles(c, below=WARM):
    """From the enqueue call to the first line of the job, in milliseconds."""
    ms = sorted((l[3] - l[2]) / 1e6 for l in c.lines() if l[0] == "S" and l[1] < below)
    at = lambda share: round(ms[min(len(ms) - 1, int(len(ms) * share))], 2)
    return {"samples": len(ms), "p50": at(0.5), "p99": at(0.99), "max": round(ms[-1], 2)} if ms else {"error": "nothing ran"}


def warm_worker(c, slots):
    """A worker that has run a job and come to rest."""
    process = c.worker(slots)
    c.enqueue(1, **{"from": WARM})
    if not c.wait(1, 30):
        raise RuntimeError("the worker ran nothing in 30 s")
    time.sleep(1)
    return process


def single(c, a):
    c.setup()
    n = a.single_n
    return {"rate": round(n / c.enqueue(n)["seconds"], 1)}


def bulk(c, a):
    c.setup()
    return {"rate": round(a.n / c.enqueue(a.n, mode="bulk")["seconds"], 1)}


def drain(c, a, workers):
    """No-op jobs that lie ready. With two workers twice as many, counted from the moment when both have begun."""
    n = a.n * workers
    c.setup()
    c.enqueue(n, mode="bulk")
    for _ in range(workers):
        c.worker(a.slots)
    c.wait(1, 30)
    before = c.count(), c.cpu_worker(), c.cpu_store()
    full = c.wait(n, a.cap)
    time.sleep(0.5)  # what has run is still to be written down
    after = c.count(), c.cpu_worker(), c.cpu_store()
    c.stop()
    lines = [l for l in c.lines() if l[0] == "S"]
    begin = max(min(l[3] for l in lines if l[4] == pid) for pid in {l[4] for l in lines})
    counted = sorted(l[3] for l in lines if l[3] >= begin)
    share = lambda k: round(1e6 * (after[k] - before[k]) / max(1, after[0] - before[0]), 1)
    seconds = max((counted[-1] - counted[0]) / 1e9, 1e-6)
    return {"rate": round((len(counted) - 1) / seconds, 1), "cpu_worker_us": share(1), "cpu_store_us": share(2), "full": full,
            "jobs": len(lines), "doubled": len(lines) - len({l[1] for l in lines})}


def drain1(c, a):
    return drain(c, a, 1)


def drain2(c, a):
    return drain(c, a, 2)


def sleeping(c, a, workers):
    """Jobs of 50 ms at 50 slots a worker: at most 1,000 per second and worker."""
    n = a.sleep_n * workers
    c.setup()
    c.enqueue(n, mode="bulk", work_ms=50)
    for _ in range(workers):
        c.worker(50)
    c.wait(2 * n, a.cap)
    c.stop()
    lines = c.lines()
    begin = max(min(l[3] for l in lines if l[4] == pid) for pid in {l[4] for l in lines})
    done = sorted(l[3] for l in lines if l[0] == "D" and l[3] > begin)
    return {"rate": round(len(done) / ((done[-1] - begin) / 1e9), 1), "done": len(done)}


def sleep1(c, a):
    return sleeping(c, a, 1)


def sleep2(c, a):
    return sleeping(c, a, 2)


def idle(c, a):
    """Memory and CPU of a worker with nothing to do."""
    from usage import memory_mib
    c.setup()
    worker = warm_worker(c, a.slots)
    time.sleep(2)
    private, resident = memory_mib(worker.pid)
    before, began = (c.cpu_worker(), c.cpu_store()), time.monotonic()
    time.sleep(a.idle_s)
    seconds = time.monotonic() - began
    percent = [round(100 * (now - then) / seconds, 2) for now, then in zip((c.cpu_worker(), c.cpu_store()), before)]
    return {"private_mib": private, "rss_mib": resident, "cpu_percent": percent[0], "cpu_store_percent": percent[1], "seconds": round(seconds)}


def latency(c, a):
    """One job at a time from another process, to an idle worker."""
    c.setup()
    warm_worker(c, a.slots)
    c.enqueue(a.samples, mode="paced", interval_ms=10)
    c.wait(a.samples + 1, 30)
    return percentiles(c)


def embedded(c, a):
    """The same from within the worker's process (ours only)."""
    if not c.tenants:
        return None
    c.setup()
    c.call("latency", n=a.samples, interval_ms=10, concurrency=a.slots)
    return percentiles(c)


def flooded(c, a):
    """The same from another process, while another tenant has more jobs of 5 ms than the worker can run (ours only)."""
    if not c.tenants:
        return None
    c.setup()
    warm_worker(c, a.slots)
    # 10 slots run at most 2,000 a second; a sample takes about 15 ms.
    flood = WARM + 10**8  # above what is measured
    c.enqueue(a.samples * 40, mode="bulk", work_ms=5, tenant="flood", **{"from": flood})
    c.enqueue(a.samples, mode="paced", interval_ms=10)
    time.sleep(1)
    running = sum(1 for l in c.lines() if l[0] == "S" and l[1] >= flood)
    return {**percentiles(c), "flood_left": a.samples * 40 - running}


PHASES = [single, bulk, drain1, drain2, sleep1, sleep2, idle, latency, embedded, flooded]
ONCE = {"idle", "latency", "embedded", "flooded"}  # long ones, with a spread of their own


def arguments():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--n", type=int, default=20000, help="jobs of a bulk enqueue and of a drain")
    ap.add_argument("--single-n", type=int, default=4000, help="jobs enqueued one by one")
    ap.add_argument("--sleep-n", type=int, default=2000, help="50-ms jobs")
    ap.add_argument("--samples", type=int, default=2000, help="latencies measured")
    ap.add_argument("--idle-s", type=float, default=20)
    ap.add_argument("--slots", type=int, default=10, help="jobs at a time of a worker")
    ap.add_argument("--cap", type=float, default=60, help="seconds after which a drain is cut and its rate so far taken")
    ap.add_argument("--only", default="", help="contenders, separated by commas")
    ap.add_argument("--phases", default=",".join(p.__name__ for p in PHASES))
    ap.add_argument("--out", default=os.path.join(contender.WORK, "bench.jsonl"))
    return ap.parse_args()


def measure(phase, c, a):
    try:
        return phase(c, a)
    except Exception as error:  # the others go on; the failure is kept
        return {"error": repr(error)}
    finally:
        c.stop()


def commit():
    asked = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=contender.HERE, stdout=subprocess.PIPE, text=True)
    return asked.stdout.strip()


def main():
    a = arguments()
    wanted = a.phases.split(",")
    phases = [p for p in PHASES if p.__name__ in wanted]
    if len(phases) != len(wanted):
        raise SystemExit(f"the phases are {', '.join(p.__name__ for p in PHASES)}")
    for number in (signal.SIGTERM, signal.SIGINT):  # so that servers and workers are stopped in any case
        signal.signal(number, lambda *_: sys.exit(1))
    with Stores() as stores, open(a.out, "w") as out:
        def tell(line):
            print(json.dumps(line), flush=True)
            out.write(json.dumps(line) + "\n")
            out.flush()
        tell({"machine": platform.machine(), "cpus": os.cpu_count(), "kernel": platform.release(), "commit": commit(),
              "options": vars(a), "when": time.strftime("%Y-%m-%d %H:%M"), **stores.versions()})
        everybody = [contender.Contender(c, stores) for c in contender.load([n for n in a.only.split(",") if n])]
        for turn in range(a.rounds):
            for phase in phases:
                if turn > 0 and phase.__name__ in ONCE:
                    continue
                order = random.sample(everybody, len(everybody))
                for c in order:
                    result = measure(phase, c, a)
                    if result is not None:
                        tell({"name": c.name, "phase": phase.__name__, "round": turn, "load": os.getloadavg()[0], **result})


if __name__ == "__main__":
    main()
