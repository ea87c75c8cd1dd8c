#!/usr/bin/python3
"""What `rules simulate` predicts, beside what happened: a real gateway and a real MariaDB under rules with short times, and clients who come and go.

    bench/prediction.py [--seconds 1200] [--clients 2] [--seed 1] [--keep FOLDER]

Clients work in bursts with pauses between them, drawn from the seed; the day of an office in minutes. Phase and size are asked for fifty times a second, and each client
times its statements: what of that lies in a time in which no statement could run, it was held. Then the trace is exported and simulated under the same rules:
once with `--compute local`, and once with the times of starts, stops and resizes that this run measured. Needs mariadbd and PyMySQL.
"""
import argparse
import bisect
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import pymysql

from servers import PASSWORD, ROOT, USER, Gateway

RULES = """policy default
unit cu = 500m cpu + 512MiB memory
size 0.5cu .. 2cu step 0.5cu
cooldown up 4s, down 4s, suspend 2s
rule grow on running { when avg(cpu, 10s) > 60% do resize up 0.5cu }
rule shrink on running { when avg(cpu, 10s) < 20% do resize down 0.5cu }
rule sleep on running { when idle >= 4s do suspend }
"""
QUICK, LONG = "SELECT 1 FROM mysql.db LIMIT 1", "SELECT BENCHMARK(400000, MD5('x'))"


def serverless(*arguments):
    return subprocess.run([os.path.join(ROOT, "serverless"), *arguments], capture_output=True, text=True, check=True).stdout


class Watch(threading.Thread):
    """Phases and sizes as they come, with the time of each."""

    def __init__(self, gateway):
        super().__init__(daemon=True)
        self.gateway, self.seen, self.done = gateway, [], False

    def run(self):
        while not self.done:
            status = self.gateway.status()
            now = (status["phase"], status["size"]["cpuMillicores"])
            if not self.seen or self.seen[-1][1:] != now:
                self.seen.append((time.monotonic(), *now))
            time.sleep(0.02)

    def lengths(self, *phases):
        """How long each stay in these phases took; one that goes from one of them to another is one stay."""
        found, since = [], None
        for at, phase, _ in self.seen:
            if phase in phases and since is None:
                since = at
            elif phase not in phases and since is not None:
                found.append(at - since)
                since = None
        if since is not None:
            found.append(self.end - since)
        return found

    def down(self):
        """When no statement could run: from, to."""
        ends = [at for at, _, _ in self.seen[1:]] + [self.end]
        return [(at, end) for (at, phase, _), end in zip(self.seen, ends) if phase in ("suspended", "resuming", "suspending", "failed")]

    def resizes(self):
        awake = [(phase, size) for _, phase, size in self.seen]
        return sum(1 for (_, one), (phase, other) in zip(awake, awake[1:]) if one != other and phase in ("running", "resizing", "draining"))


def work(port, seed, until, times):
    draw = random.Random(seed)
    connection = pymysql.connect(host="127.0.0.1", port=port, user=USER, password=PASSWORD, autocommit=True, read_timeout=120)
    with connection.cursor() as cursor:
        while time.monotonic() < until:
            ends = time.monotonic() + draw.uniform(1, 14)
            busy = draw.random() < 0.4
            while time.monotonic() < min(ends, until):
                query = LONG if busy else QUICK
                began = time.monotonic()
                cursor.execute(query)
                cursor.fetchall()
                times.append((query, began, time.monotonic() - began))
                time.sleep(draw.expovariate(4 if busy else 1.5))
            time.sleep(min(max(0, until - time.monotonic()), draw.uniform(5, 30)))
    connection.close()


def held(down, times):
    """Seconds that statements were under way while none could run."""
    starts = [since for since, _ in down]
    total = 0
    for _, at, taken in times:
        for since, until in down[max(0, bisect.bisect(starts, at) - 1):]:
            if since >= at + taken:
                break
            total += max(0, min(until, at + taken) - max(since, at))
    return total


def predict(rules, trace, *options):
    return json.loads(serverless("rules", "simulate", rules, "--load", trace, "--json", *options))["policies"][0]


def milliseconds(seconds):
    return f"{max(1, round(1000 * seconds))}ms"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=1200)
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", metavar="FOLDER", help="where the trace and the rules stay")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        gateway = Gateway(home, "gateway", rules=RULES)
        try:
            watch = Watch(gateway)
            began, times = time.monotonic(), []
            watch.start()
            clients = [threading.Thread(target=work, args=(gateway.port, f"{options.seed}/{n}", began + options.seconds, times)) for n in range(options.clients)]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
            watch.done = True
            watch.join()
            watch.end = time.monotonic()
            folder = options.keep or home
            os.makedirs(folder, exist_ok=True)
            trace = os.path.join(folder, "trace.csv")
            print(serverless("decisions", "--admin", f"http://127.0.0.1:{gateway.admin}", "--export", trace), end="")
            starts, stops, resizing = watch.lengths("resuming"), watch.lengths("draining", "suspending"), watch.lengths("resizing")
            compute = []
            for option, lengths in (("--start-time", starts), ("--stop-time", stops), ("--resize-time", resizing)):
                if lengths:
                    compute += [option, milliseconds(statistics.mean(lengths))]
            measured = {
                "suspended, share": sum(watch.lengths("suspended")) / (watch.end - began),
                # and the one of the gateway's first start: a simulation begins asleep
                "wakes": len(starts) + 1,
                "resizes": watch.resizes(),
                "mean time held, ms": 1000 * held(watch.down(), times) / len(times),
            }
            local, fitted = predict(gateway.rules, trace, "--compute", "local"), predict(gateway.rules, trace, *compute)
        finally:
            gateway.stop()
    print(f"{len(times)} statements of {options.clients} clients in {watch.end - began:.0f} s; measured: {' '.join(compute)}\n")
    print(f"{'':20}{'measured':>12}{'predicted (local)':>22}{'with measured times':>24}")
    for name, key in (("suspended, share", "suspendedShare"), ("wakes", "wakes"), ("resizes", "resizes"), ("mean time held, ms", "meanHeldMs")):
        was = measured[name]
        cells = [f"{one[key]:.3f} ({100 * (one[key] / was - 1):+.1f}%)" if was else f"{one[key]:.3f}" for one in (local, fitted)]
        print(f"{name:20}{was:12.3f}{cells[0]:>22}{cells[1]:>24}")
    print(f"{'statements':20}{len(times):12}{local['statements']:>22.0f}{fitted['statements']:>24.0f}")


if __name__ == "__main__":
    sys.exit(main())
