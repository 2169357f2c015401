"""What processes use, read from /proc: CPU time and memory."""
import os

HZ = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    """(parent, seconds of itself, seconds of its children that ended); nothing of a process that is gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            f = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return int(f[1]), (int(f[11]) + int(f[12])) / HZ, (int(f[13]) + int(f[14])) / HZ


def _all():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _in_group(group):
    found = []
    for pid in _all():
        try:
            if os.getpgid(pid) == group:
                found.append(pid)
        except OSError:
            pass
    return found


def cpu_of_groups(groups):
    """Seconds used so far by every process of these process groups."""
    stats = [_stat(pid) for group in groups for pid in _in_group(group)]
    return sum(own + ended for _, own, ended in filter(None, stats))


def cpu_of_server(pid):
    """Seconds used so far by a server and the processes it forked."""
    top = _stat(pid)
    children = [s for s in map(_stat, _all()) if s and s[0] == pid]
    return (top[1] + top[2] if top else 0.0) + sum(own for _, own, _ in children)


def memory_mib(group):
    """(private, resident) of every process of a group: what would be free if it ended, and what it maps with others."""
    private = resident = 0
    for pid in _in_group(group):
        try:
            with open(f"/proc/{pid}/smaps_rollup") as file:
                for line in file:
                    name, value = line.split(":", 1) if ":" in line else ("", "")
                    if name.startswith("Private_"):
                        private += int(value.split()[0])
                    elif name == "Rss":
                        resident += int(value.split()[0])
        except OSError:
            pass
    return round(private / 1024, 1), round(resident / 1024, 1)
