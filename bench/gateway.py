#!/usr/bin/python3
"""What the gateway costs, beside the server alone, HAProxy and MySQL Router, in one run and in turns.

    bench/gateway.py [--rounds 3] [--seconds 4] [--warm 20] [--threads 1,8,64] [--idle 4000] [--wakes 20] [--only relay,idle,wake] [--json FILE]

relay  sysbench point selects: throughput, p50, p95, and processor time of the proxy per query; each path has served for --warm seconds before, as a gateway that
       runs for weeks has: what is compiled while it serves costs a tenth of a processor in the first seconds
idle   resident memory per connection that is held open and does nothing: the database asleep, by TLS too (aim: 4 KB and 45 KB at most),
       and awake, with connections shared, each client after a statement
wake   from a statement sent on a sleeping database to its answer, beside the same server's own start to its first answer

One engine serves all: the gateway's own compute, which for this run listens on TCP as well. The gateway reaches it over its Unix
socket, HAProxy over TCP; `direct` is measured over both. `shared` is a second gateway before the same engine over TCP, whose clients share
--shared connections. MySQL Router is measured when SERVERLESS_BENCH_MYSQLROUTER names its program. Needs mariadbd, sysbench, haproxy and PyMySQL. Machines are noisy: read
medians, and ratios within one run.
"""
import argparse
import json
import os
import re
import shutil
import signal
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

import pymysql

from servers import PASSWORD, USER, Gateway, HAProxy, Router, cpu_seconds, resident

QUERY = "SELECT COUNT(*) FROM sbtest.wake"


def connect(port, tls=None):
    return pymysql.connect(host="127.0.0.1", port=port, user=USER, password=PASSWORD, autocommit=True, read_timeout=120, ssl=tls)


def unverified():
    """TLS that takes any certificate. One context for all, as a client's pool has it: each would read the system's authorities again."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def sysbench(where, threads, seconds, command="run"):
    return subprocess.run(
        ["sysbench", "oltp_point_select", "--db-driver=mysql", "--db-ps-mode=disable", *where, f"--mysql-user={USER}", f"--mysql-password={PASSWORD}",
         "--mysql-db=sbtest", "--tables=1", "--table-size=10000", f"--threads={threads}", f"--time={seconds}", "--histogram=on", command],
        capture_output=True, text=True)


def percentile(output, part):
    rows = [(float(ms), int(count)) for ms, count in re.findall(r"^\s*([\d.]+) \|[* ]*\s(\d+)$", output, re.M)]
    total, seen = sum(count for _, count in rows), 0
    for ms, count in rows:
        seen += count
        if seen >= total * part:
            return ms
    return float("nan")


def one_run(name, where, pid, threads, seconds):
    before = cpu_seconds(pid) if pid else 0
    result = sysbench(where, threads, seconds)
    used = cpu_seconds(pid) - before if pid else 0
    if result.returncode:
        sys.exit(f"{name}: {result.stdout}{result.stderr}")
    queries = int(re.search(r"total:\s+(\d+)", result.stdout).group(1))
    took = float(re.search(r"total time:\s+([\d.]+)s", result.stdout).group(1))
    return {"qps": queries / took, "p50": percentile(result.stdout, .5), "p95": percentile(result.stdout, .95), "cpu_us": used / queries * 1e6}


def relay(gateway, haproxy, shared, router, options):
    connect(gateway.port).cursor().execute("CREATE DATABASE IF NOT EXISTS sbtest")
    tcp = lambda port: ["--mysql-host=127.0.0.1", f"--mysql-port={port}"]
    paths = {"direct (TCP)": (tcp(gateway.engine_port), None),
             "direct (socket)": (["--mysql-host=localhost", f"--mysql-socket={gateway.engine_socket()}"], None),
             "HAProxy": (tcp(haproxy.port), haproxy.pid),
             "gateway": (tcp(gateway.port), gateway.pid),
             f"shared ({options.shared})": (tcp(shared.port), shared.pid)}
    if router:
        paths["MySQL Router"] = (tcp(router.port), router.pid)
    prepared = sysbench(tcp(gateway.port), 1, 0, "prepare")
    if prepared.returncode:
        sys.exit(prepared.stdout + prepared.stderr)
    for name, (where, pid) in paths.items() if options.warm else []:
        one_run(name, where, pid, max(options.threads), options.warm)
    rows = []
    for threads in options.threads:
        runs = {name: [] for name in paths}
        for _ in range(options.rounds):
            for name, (where, pid) in paths.items():
                runs[name].append(one_run(name, where, pid, threads, options.seconds))
        middle = {name: {key: statistics.median(r[key] for r in each) for key in each[0]} for name, each in runs.items()}
        for name, figures in middle.items():
            rows.append({"threads": threads, "path": name, **figures,
                         "to_direct": figures["qps"] / middle["direct (TCP)"]["qps"], "to_haproxy": figures["qps"] / middle["HAProxy"]["qps"]})
    print(f"\n{'threads':>7} {'path':<16} {'queries/s':>10} {'p50 ms':>8} {'p95 ms':>8} {'proxy us/query':>15} {'/ direct':>9} {'/ HAProxy':>10}")
    for r in rows:
        print(f"{r['threads']:>7} {r['path']:<16} {r['qps']:>10.0f} {r['p50']:>8.3f} {r['p95']:>8.3f} {r['cpu_us']:>15.1f} {r['to_direct']:>9.2f} {r['to_haproxy']:>10.2f}")
    return rows


def held(proxy, count, tls=None, query=None):
    """Connections that ran that query, if any, and then do nothing: resident bytes for each of the second half of them, and of the whole process with all of them."""
    crowd, sizes = [], []
    for _ in range(2):
        # the first half also pays for what a process takes once: compiled code, threads, pools
        half = [connect(proxy.port, tls) for _ in range(count // 2)]
        for c in half if query else []:
            c.cursor().execute(query)
        crowd += half
        time.sleep(5)
        sizes.append(resident(proxy.pid))
    for c in crowd:
        c.close()
    return {"bytes": (sizes[1] - sizes[0]) / (count // 2), "whole": sizes[1]}


def idle(engine_port, haproxy, home, options):
    """Each row by a process of its own: one that has held a crowd keeps room for the next."""
    rows = []

    def row(path, proxy, *more, count=options.idle):
        rows.append({"path": path, "connections": count, **held(proxy, count, *more)})

    # each of its connections is one of the engine's, which takes so many
    row("HAProxy", haproxy, count=min(options.idle, 2000))
    for path, tls in (("gateway, asleep", None), ("gateway, TLS, asleep", unverified())):
        gateway = Gateway(home, path)
        try:
            gateway.suspend()
            row(path, gateway, tls)
        finally:
            gateway.stop()
    path = f"gateway, sharing {options.shared} connections"
    gateway = Gateway(home, path, shares=options.shared, engine_port=engine_port)
    try:
        row(path, gateway, None, "SELECT 1 + 1")
    finally:
        gateway.stop()
    print(f"\n{'idle connections':<35} {'number':>6} {'bytes for each further one':>27} {'MiB in all':>11}")
    for r in rows:
        print(f"{r['path']:<35} {r['connections']:>6} {r['bytes']:>27.0f} {r['whole'] / 2**20:>11.0f}")
    return rows


def own_start(arguments):
    """The same server on the same data, started without a gateway: milliseconds from exec to its first answer to a query."""
    path = next(a.partition("=")[2] for a in arguments if a.startswith("--socket="))
    begun = time.perf_counter()
    server = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        try:
            c = pymysql.connect(unix_socket=path, user=USER, password=PASSWORD)
            c.cursor().execute(QUERY)
            break
        except pymysql.err.OperationalError:
            if server.poll() is not None:
                sys.exit(f"the server ended: {arguments}")
            time.sleep(0.001)
    took = (time.perf_counter() - begun) * 1000
    c.close()
    server.send_signal(signal.SIGTERM)
    server.wait()
    return took


def wake(gateway, options):
    c = connect(gateway.port)
    cursor = c.cursor()
    cursor.execute("CREATE DATABASE IF NOT EXISTS sbtest")
    cursor.execute("CREATE TABLE IF NOT EXISTS sbtest.wake (a INT)")
    cursor.execute(QUERY)
    arguments = gateway.engine()[1]
    through, alone, phases = [], [], []
    for _ in range(options.wakes):
        gateway.suspend()
        alone.append(own_start(arguments))
        begun = time.perf_counter()
        cursor.execute(QUERY)
        through.append((time.perf_counter() - begun) * 1000)
        phases.append(gateway.status()["lastResume"]["phasesMs"])
    middle = {name: statistics.median(p.get(name, 0) for p in phases) for name in phases[-1]}
    figures = {"wake_p50_ms": statistics.median(through), "wake_max_ms": max(through), "own_start_p50_ms": statistics.median(alone),
               "difference_p50_ms": statistics.median(a - b for a, b in zip(through, alone)), "phases_p50_ms": middle}
    print(f"\nwake of a sleeping database, {options.wakes} times: p50 {figures['wake_p50_ms']:.0f} ms, max {figures['wake_max_ms']:.0f} ms\n"
          f"  the same server's own start to its first answer: p50 {figures['own_start_p50_ms']:.0f} ms; difference p50 {figures['difference_p50_ms']:.1f} ms\n"
          f"  phases (p50, ms): " + ", ".join(f"{name} {value:.1f}" for name, value in middle.items()))
    return figures


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seconds", type=int, default=4)
    p.add_argument("--warm", type=int, default=20)
    p.add_argument("--threads", type=lambda s: [int(t) for t in s.split(",")], default=[1, 8, 64])
    p.add_argument("--shared", type=int, default=16)
    p.add_argument("--idle", type=int, default=4000)
    p.add_argument("--wakes", type=int, default=20)
    p.add_argument("--only", type=lambda s: s.split(","), default=["relay", "wake", "idle"])
    p.add_argument("--json", default="artifacts/bench-gateway.json")
    options = p.parse_args()
    home = tempfile.mkdtemp(prefix="serverless-bench-")
    parts = []
    results = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "cores": os.cpu_count()}
    try:
        parts.append(gateway := Gateway(home, "own"))
        parts.append(haproxy := HAProxy(home, gateway.engine_port))
        if "relay" in options.only:
            parts.append(shared := Gateway(home, "shared", options.shared, gateway.engine_port))
            program = os.environ.get("SERVERLESS_BENCH_MYSQLROUTER")
            router = Router(program, home, gateway.engine_port) if program else None
            parts += [router] if router else []
            results["relay"] = relay(gateway, haproxy, shared, router, options)
        if "wake" in options.only:
            results["wake"] = wake(gateway, options)
        if "idle" in options.only:
            results["idle"] = idle(gateway.engine_port, haproxy, home, options)
    finally:
        for each in reversed(parts):
            each.stop()
        shutil.rmtree(home, ignore_errors=True)
    os.makedirs(os.path.dirname(options.json) or ".", exist_ok=True)
    with open(options.json, "w") as f:
        json.dump(results, f, indent=2)
    print(f"\nwritten to {options.json}")


if __name__ == "__main__":
    main()
