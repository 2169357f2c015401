"""A contender: the command that joins by the contract in README.md, its worker processes, and the log that all is computed from."""
import json, os, shutil, signal, subprocess, time
import usage

HERE = os.path.dirname(os.path.abspath(__file__))
WORK = os.environ.get("BENCH_WORK", os.path.join(HERE, ".work"))


def load(names=None):
    """The contenders of contenders.json, or the named ones."""
    with open(os.environ.get("BENCH_CONTENDERS", os.path.join(HERE, "contenders.json"))) as file:
        known = json.load(file)
    unknown = set(names or []) - {c["name"] for c in known}
    if unknown:
        raise SystemExit(f"no such contender: {', '.join(sorted(unknown))}; there are {', '.join(c['name'] for c in known)}")
    os.makedirs(os.path.join(WORK, "node"), exist_ok=True)
    for name in os.listdir(os.path.join(HERE, "adapters")):  # node finds packages beside the script only
        if name.endswith(".mjs"):
            shutil.copy(os.path.join(HERE, "adapters", name), os.path.join(WORK, "node", name))
    places = {"here": HERE, "work": WORK, "repo": os.path.dirname(HERE)}
    for number, c in enumerate(known):
        c["number"], c["cmd"] = number, [word.format(**places) for word in c["cmd"]]
    return [c for c in known if not names or c["name"] in names]


class Contender:
    def __init__(self, description, stores):
        self.name, self.cmd, self.stores = description["name"], description["cmd"], stores
        self.uses, self.number = description["stores"], description["number"]
        self.tenants, self.workers = description.get("tenants", False), []
        self.log, self.errors = (os.path.join(WORK, f"{kind}-{self.name}.txt") for kind in ("log", "errors"))
        self.env = dict(os.environ, BENCH_WORK=WORK, BENCH_LOG=self.log, RUBYOPT="-W0", RUST_LOG="off", **description.get("env", {}))
        if "pg" in self.uses:
            database = f"bench_{self.number}"
            stores.psql(f"create database {database}")
            self.env["BENCH_PG_URL"] = stores.pg_url(database)
        if "redis" in self.uses:
            self.env["BENCH_REDIS_URL"] = stores.redis_url(self.number)
        self.reset_log()

    def setup(self):
        """An empty queue, an empty log, and a store that has nothing left to write of what came before."""
        if "redis" in self.uses:
            self.stores.flush(self.number)
        with open(self.errors, "ab") as err:
            subprocess.run(self.cmd + ["setup"], env=self.env, stdout=err, stderr=err, timeout=120, check=True)
        self.stores.psql("checkpoint")
        os.sync()
        self.reset_log()

    def reset_log(self):
        open(self.log, "w").close()
        self._seen, self._at = 0, 0

    def call(self, verb, timeout=600, **options):
        """Runs a verb to its end; answers the JSON object on the last line of what it printed."""
        words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
        with open(self.errors, "ab") as err:
            done = subprocess.run(self.cmd + [verb] + words, env=self.env, stdout=subprocess.PIPE, stderr=err, timeout=timeout, check=True)
        return json.loads(done.stdout.decode().strip().splitlines()[-1])

    def enqueue(self, n, **options):
        return self.call("enqueue", n=n, **{"mode": "single", **options})

    def background(self, verb, **options):
        """Starts a verb that goes on until it is stopped, in a process group of its own."""
        words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
        with open(self.errors, "ab") as err:
            process = subprocess.Popen(self.cmd + [verb] + words, env=self.env, stdout=err, stderr=err, start_new_session=True)
        self.workers.append(process)
        return process

    def worker(self, slots):
        return self.background("worker", concurrency=slots)

    def stop(self):
        for process in self.workers:
            self._signal(process, signal.SIGTERM)
        for process in self.workers:
            try:
                process.wait(6)
            except subprocess.TimeoutExpired:
                pass
            self._signal(process, signal.SIGKILL)
            process.wait()
        self.workers = []

    @staticmethod
    def _signal(process, number):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            pass

    def lines(self):
        """(mark, number, enqueued ns, logged ns, process id) of every whole line."""
        with open(self.log) as file:
            fields = [line.split() for line in file]
        return [(f[0], *map(int, f[1:])) for f in fields if len(f) == 5]

    def count(self):
        """How many lines there are; reads only what is new, so that watching costs nothing."""
        with open(self.log, "rb") as file:
            file.seek(self._at)
            new = file.read()
        self._at, self._seen = self._at + len(new), self._seen + new.count(b"\n")
        return self._seen

    def wait(self, n, cap_s):
        """Until the log has n lines; False when `cap_s` seconds passed before."""
        deadline = time.monotonic() + cap_s
        while self.count() < n:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def cpu_worker(self):
        return usage.cpu_of_groups([process.pid for process in self.workers])

    def cpu_store(self):
        pids = {"pg": self.stores.pg_pid, "redis": self.stores.redis_pid}
        return sum(usage.cpu_of_server(pids[name]) for name in self.uses)
