"""Private servers for one run: PostgreSQL with its default settings (fsync and synchronous_commit on) and Redis as shipped."""
import glob, os, shutil, signal, socket, subprocess, tempfile, time

USER = "bench"


def _free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def _postgres_folder():
    """The folder that holds both programs; Debian keeps them off PATH, in a folder per major version."""
    debian = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda f: int(f.split("/")[4]), reverse=True)
    for folder in os.environ["PATH"].split(":") + debian:
        if all(os.path.exists(os.path.join(folder, program)) for program in ("initdb", "postgres")):
            return folder
    raise SystemExit("initdb and postgres were not found: install a PostgreSQL server and run this again")


def _lent(folder):
    """PostgreSQL refuses to run as root: then it runs as `postgres`, who gets the folder."""
    if os.getuid() != 0:
        return []
    shutil.chown(folder, "postgres")
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]


class Stores:
    """`with Stores() as stores:`; everything is stopped and removed at the end."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="platen-bench-")
        os.chmod(self.folder, 0o711)
        self.processes = []
        try:
            self._start_redis()
            self._start_postgres()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown: it waits for nobody
        for process in self.processes:
            process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, words, name, **more):
        log = open(os.path.join(self.folder, f"{name}.log"), "ab")
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **more)
        self.processes.append(process)
        return process

    def _start_redis(self):
        self.redis_port = _free_port()
        home = os.path.join(self.folder, "redis")
        os.mkdir(home)
        # No file of settings: the snapshots that the server takes by itself, no append-only file.
        process = self._run(["redis-server", "--bind", "127.0.0.1", "--port", str(self.redis_port), "--dir", home], "redis")
        self.redis_pid = process.pid
        self._wait(lambda: self._quiet("redis-cli", "-p", str(self.redis_port), "ping"), "Redis")

    def _start_postgres(self):
        self.pg_port = _free_port()
        home, programs = os.path.join(self.folder, "postgres"), _postgres_folder()
        os.mkdir(home)
        lend = _lent(home)
        init = [f"{programs}/initdb", "--username", USER, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "-D", "data"]
        subprocess.run(lend + init, cwd=home, check=True, stdout=subprocess.DEVNULL)
        address = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        self.pg_pid = self._run(lend + [f"{programs}/postgres", "-D", "data", "-p", str(self.pg_port)] + address, "postgres", cwd=home).pid
        self._wait(lambda: self.psql("select 1"), "PostgreSQL")

    def _wait(self, ready, name):
        deadline = time.monotonic() + 30
        while not ready():
            if time.monotonic() > deadline:
                raise SystemExit(f"{name} did not answer within 30 s; its log is in {self.folder}")
            time.sleep(0.1)

    @staticmethod
    def _quiet(*words):
        return subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    def psql(self, statement, database="postgres"):
        """True when the statement ran."""
        return self._quiet("psql", self.pg_url(database), "-v", "ON_ERROR_STOP=1", "-qc", statement)

    def pg_url(self, database):
        return f"postgres://{USER}@127.0.0.1:{self.pg_port}/{database}"

    def redis_url(self, number):
        return f"redis://127.0.0.1:{self.redis_port}/{number}"

    def flush(self, number):
        self._quiet("redis-cli", "-p", str(self.redis_port), "-n", str(number), "flushdb")

    def versions(self):
        ask = lambda *words: subprocess.run(words, stdout=subprocess.PIPE, text=True).stdout.strip()
        postgres = ask("psql", self.pg_url("postgres"), "-Atc", "show server_version")
        redis = ask("redis-cli", "-p", str(self.redis_port), "info", "server").split("redis_version:")[1].split()[0]
        return {"postgres": postgres.split()[0], "redis": redis}
