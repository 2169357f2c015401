#!/usr/bin/env python3
"""POST /v1/renders to the finished PNG, in a steady stream, against one api with a worker (`platen dev`).

python3 bench/previews/renders.py URL KEY [per_second] [seconds]: every request is a design of its own; prints p50 and p99 in milliseconds.
"""
import http.client, json, sys, threading, time
from urllib.parse import urlparse

url, key = urlparse(sys.argv[1]), sys.argv[2]
rate, seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 20, float(sys.argv[4]) if len(sys.argv) > 4 else 20
headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
local, took, failed = threading.local(), [], []


def call(method, path, body=None, more=None):
    """One request over this thread's own connection."""
    if not hasattr(local, "connection"):
        local.connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
    local.connection.request(method, path, json.dumps(body) if body is not None else None, {**headers, **(more or {})})
    answer = local.connection.getresponse()
    return answer.status, answer.read()


def must(method, path, body=None, more=None):
    status, read = call(method, path, body, more)
    if status >= 300:
        raise RuntimeError(f"{method} {path}: {status} {read[:300]!r}")
    return read


run = str(time.time_ns())
products = json.loads(must("GET", "/v1/products"))["items"]
product = json.loads(must("GET", f"/v1/products/{products[0]['id']}"))
zones = product["zones"]


def design(n):
    zone = zones[0]
    layer = {"zone": zone["id"], "type": "text", "text": f"Order {run[-9:]} {n}", "font": "Lobster", "color": "#1d3557", "sizeMm": 14,
             "minSizeMm": 2, "fit": "shrink", "align": "center", "box": {"x": 2, "y": 10, "w": zone["widthMm"] - 4, "h": 30}}
    spec = {"specVersion": "1.0.0", "layers": [layer],
            "product": {"id": product["id"], "kind": product["kind"], "templateVersion": product["version"], "zones": zones}}
    return json.loads(must("POST", "/v1/specs", spec))["hash"]


def one(spec_hash):
    began = time.perf_counter()
    try:
        job = json.loads(must("POST", "/v1/renders", {"specHash": spec_hash}, {"Prefer": "wait=10"}))
        png = must("GET", f"/v1/renders/{job['id']}/preview")
        assert png.startswith(b"\x89PNG")
        took.append((time.perf_counter() - began) * 1000)
    except Exception as error:  # counted, and the first is shown
        failed.append(error)


count = int(rate * seconds)
hashes = [design(n) for n in range(count + 10)]
for spec_hash in hashes[count:]:
    one(spec_hash)
took.clear()
threads, start = [], time.perf_counter()
for n in range(count):
    time.sleep(max(0.0, start + n / rate - time.perf_counter()))
    threads.append(threading.Thread(target=one, args=(hashes[n],)))
    threads[-1].start()
for thread in threads:
    thread.join()
took.sort()
at = lambda share: took[min(len(took) - 1, int(len(took) * share))]
print(f"{len(took)} done, {len(failed)} failed; p50 {at(0.5):.1f} ms, p99 {at(0.99):.1f} ms, highest {took[-1]:.1f} ms")
if failed:
    print("first failure:", failed[0])
