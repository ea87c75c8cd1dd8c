#!/usr/bin/python3
"""The gateway's wake beside a bare scale of the same StatefulSet, on a real control plane and node, in one run and in turns.

    bench/wake.py [--rounds 7] [--json FILE]

bare     from the request that scales it to one, to the first answer over a direct connection: the pod is asked for every few milliseconds, and dialled until it answers
gateway  from a statement sent on a connection that was there while the database slept, to its answer; and of that
         statement -> scale   until the API server is asked to scale it (aim: 5 ms p50)
         reachable -> answer  from when somebody who dials the pod beside it has the engine's first packet (aim: 20 ms p50)

Both ask the same question, and both begin with the end of the gateway's own suspend. The gateway's calls go through a relay that notes when they come, which adds a millisecond or two to each. Needs
SERVERLESS_TEST_KUBE and SERVERLESS_TEST_KUBE_NODE (the programs that start a control plane and a node, as for the tests), root, and PyMySQL. Machines are noisy: read medians, and ratios within one run.
"""
import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import pymysql

from cluster import Cluster, Relay
from servers import ROOT, RULES, free_port

NAME, USER, PASSWORD = "bench", "app", "secret"
QUESTION, ANSWER = "SELECT a FROM t.wake", ((42,),)


def connect(host, port, limit=60):
    return pymysql.connect(host=host, port=port, user=USER, password=PASSWORD, autocommit=True, connect_timeout=limit, read_timeout=120)


def ask(connection):
    with connection.cursor() as cursor:
        cursor.execute(QUESTION)
        if cursor.fetchall() != ANSWER:
            sys.exit("the answer is not what was written")


def dial(address):
    """Returns when the engine's first packet is there."""
    while True:
        try:
            with socket.create_connection((address, 3306), 0.2) as s:
                if s.recv(1):
                    return
        except OSError:
            pass
        time.sleep(0.002)


def wait_address(cluster):
    while not (address := cluster.address(NAME)):
        time.sleep(0.005)
    return address


class Gateway:
    def __init__(self, home, cluster, relay):
        self.port, self.admin = free_port(), free_port()
        rules, config, kubeconfig = os.path.join(home, "rules"), os.path.join(home, "serverless.json"), os.path.join(home, "kubeconfig")
        os.makedirs(rules)
        with open(os.path.join(rules, "bench.rules"), "w") as f:
            f.write(RULES)
        with open(kubeconfig, "w") as f:
            f.write(f"""clusters: [{{name: c, cluster: {{server: "http://127.0.0.1:{relay.port}"}}}}]
users: [{{name: u, user: {{token: {cluster.token}}}}}]
contexts: [{{name: c, context: {{cluster: c, user: u}}}}]
current-context: c
""")
        with open(config, "w") as f:
            json.dump({"databases": [{"name": "default", "compute": "kubernetes", "user": "root", "password": "", "backendTls": "off",
                                      "kubernetes": {"kubeconfig": kubeconfig, "namespace": "default", "statefulSet": NAME, "storage": "trusted"}}]}, f)
        self.process = subprocess.Popen(
            [os.path.join(ROOT, "serverless"), "up", "--config", config, "--listen", f"127.0.0.1:{self.port}", "--admin", f"127.0.0.1:{self.admin}", "--rules", rules, "--data", os.path.join(home, "data")],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.log, ready = [], threading.Event()
        threading.Thread(target=self.read, args=[ready], daemon=True).start()
        ready.wait(120)
        if self.process.poll() is not None:
            sys.exit("the gateway did not start:\n" + "".join(self.log))

    def read(self, ready):
        for line in self.process.stdout:
            self.log.append(line)
            if line.startswith("ready "):
                ready.set()
        ready.set()

    def status(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/api/databases/default", timeout=30) as r:
            return json.load(r)

    def suspend(self, cluster):
        """Returns when the pod is gone and the gateway knows it."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.admin}/api/databases/default/suspend", data=b"{}", headers={"Content-Type": "application/json"}, method="POST")
        for _ in range(1200):
            phase = self.status()["phase"]
            if phase == "suspended":
                cluster.wait_gone(NAME)
                time.sleep(1)
                return
            if phase == "running":
                urllib.request.urlopen(request, timeout=60).read()
            time.sleep(0.05)
        sys.exit(f"the database did not go to sleep: {self.status()}")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()


class Witness:
    """Dials the pod beside whoever is measured."""

    def __init__(self, cluster):
        self.thread = threading.Thread(target=self.watch, args=[cluster], daemon=True)
        self.thread.start()

    def watch(self, cluster):
        dial(wait_address(cluster))
        self.reachable = time.perf_counter()

    def until(self, answered):
        """Milliseconds from the engine's first packet to the answer."""
        self.thread.join(30)
        return (answered - self.reachable) * 1000


def bare(cluster):
    witness = Witness(cluster)
    begun = time.perf_counter()
    cluster.scale(NAME, 1)
    address = wait_address(cluster)
    while True:
        try:
            c = connect(address, 3306, 1)
            break
        except (pymysql.Error, OSError):
            time.sleep(0.002)
    ask(c)
    answered = time.perf_counter()
    c.close()
    return {"total": (answered - begun) * 1000, "answer": witness.until(answered)}


def through(cluster, relay, gateway, client):
    witness = Witness(cluster)
    relay.scaled.clear()
    begun = time.perf_counter()
    ask(client)
    answered = time.perf_counter()
    return {"total": (answered - begun) * 1000, "scale": (relay.scaled[0] - begun) * 1000, "answer": witness.until(answered), "phases": gateway.status()["lastResume"]["phasesMs"]}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--json", default="artifacts/bench-wake.json")
    options = p.parse_args()
    home = tempfile.mkdtemp(prefix="serverless-bench-")
    cluster = relay = gateway = None
    alone, woken = [], []
    try:
        cluster = Cluster(home, free_port())
        cluster.create(NAME)
        address = wait_address(cluster)
        dial(address)
        while True:
            try:
                first = connect(address, 3306, 1)
                break
            except (pymysql.Error, OSError):
                time.sleep(0.05)
        with first.cursor() as cursor:
            cursor.execute("CREATE TABLE t.wake (a INT)")
            cursor.execute("INSERT INTO t.wake VALUES (42)")
        first.close()
        relay = Relay(cluster)
        gateway = Gateway(home, cluster, relay)
        while not gateway.status()["fleet"]["leads"]:
            time.sleep(0.05)
        client = connect("127.0.0.1", gateway.port)
        ask(client)
        for _ in range(options.rounds):
            gateway.suspend(cluster)
            alone.append(bare(cluster))
            while gateway.status()["phase"] != "running":
                time.sleep(0.05)
            gateway.suspend(cluster)
            woken.append(through(cluster, relay, gateway, client))
    except (pymysql.Error, OSError):
        print("".join(gateway.log[-40:]) if gateway else "", file=sys.stderr)
        raise
    finally:
        if gateway:
            gateway.stop()
        if relay:
            relay.stop()
        if cluster:
            cluster.stop(NAME)
        shutil.rmtree(home, ignore_errors=True)
    middle = {part: statistics.median(one[part] for one in woken) for part in ("total", "scale", "answer")}
    phases = {name: statistics.median(one["phases"].get(name, 0) for one in woken) for name in woken[-1]["phases"]}
    direct = {part: statistics.median(one[part] for one in alone) for part in ("total", "answer")}
    results = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "cores": os.cpu_count(), "rounds": options.rounds, "bare_p50_ms": direct, "gateway_p50_ms": middle, "phases_p50_ms": phases,
               "bare": alone, "gateway": woken}
    print(f"wake of a sleeping StatefulSet, {options.rounds} times each, in turns (p50, ms)\n"
          f"                               gateway    bare\n"
          f"  to the answer                {middle['total']:7.0f} {direct['total']:7.0f}\n"
          f"  statement -> scale request   {middle['scale']:7.1f}\n"
          f"  pod reachable -> answer      {middle['answer']:7.1f} {direct['answer']:7.1f}\n"
          f"  phases of the gateway: " + ", ".join(f"{name} {value:.1f}" for name, value in phases.items()))
    os.makedirs(os.path.dirname(options.json) or ".", exist_ok=True)
    with open(options.json, "w") as f:
        json.dump(results, f, indent=2)
    print(f"written to {options.json}")


if __name__ == "__main__":
    main()
