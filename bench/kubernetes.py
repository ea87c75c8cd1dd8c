#!/usr/bin/python3
"""What many databases in a cluster cost one gateway, on a real control plane without nodes: nothing of it starts a pod.

    SERVERLESS_TEST_KUBE=PROGRAM bench/kubernetes.py [--databases 10,100,1000] [--seconds 60] [--rate 30] [--wakes 200] [--burst 100] [--json FILE]

start   from the start of the process to the last sleeping database under control
steady  calls to the API server per second by kind while nothing happens, processor time, resident memory
wake    from a statement that is sent on a sleeping database to the request that scales it: at --rate a second, the first of a gateway that has just started and the next, and --burst at once
        (the greatest number of databases alone); beside it how late the machine is, to which all that is here belongs: a process that asks to run again after each millisecond
leader  what a second gateway costs at its start, and what it asks when the first is killed and it leads (the greatest number alone)

The gateway reaches the API server through a relay of this program, which counts its requests and notes when they come; `server` is what the API server itself counted (apiserver_request_total), less what it counts a second
without a gateway. The accounts of the databases are those of one engine, put where a gateway keeps them: none need be woken to read them. PROGRAM starts and ends the control plane (`up DIR PORT`, `down DIR`).
Needs mariadbd, PyMySQL, and PyYAML.
"""
import argparse
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pymysql
import yaml

from servers import PASSWORD, ROOT, USER, Gateway, cpu_seconds, free_port, resident, wait_port

SPACE, LABEL, CLIENT = "bench", "serverless.mysql/database", "app"


class Cluster:
    """A control plane of this run, and what is asked of it as its administrator."""

    def __init__(self, program, home):
        self.program, self.home, self.port = program, os.path.join(home, "cluster"), free_port()
        # it takes the ports after this one too, which must not be those that connections get
        self.port = 20000 + self.port % 10000
        subprocess.run([program, "up", self.home, str(self.port)], check=True, stdout=subprocess.DEVNULL)
        with open(os.path.join(self.home, "kubeconfig")) as f:
            config = yaml.safe_load(f)
        self.server, self.token = config["clusters"][0]["cluster"]["server"], config["users"][0]["user"]["token"]
        self.tls = ssl.create_default_context()
        self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE

    def ask(self, path, body=None, method=None):
        request = urllib.request.Request(self.server + path, headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
                                         data=None if body is None else json.dumps(body).encode(), method=method)
        with urllib.request.urlopen(request, timeout=60, context=self.tls) as answer:
            return answer.read().decode()

    def counted(self):
        """Requests that the server has answered since its start, watches when they end."""
        return sum(float(line.rpartition(" ")[2]) for line in self.ask("/metrics").splitlines() if line.startswith("apiserver_request_total{"))

    def make(self, first, last):
        """Sleeping StatefulSets with these numbers."""
        def one(number):
            self.ask(f"/apis/apps/v1/namespaces/{SPACE}/statefulsets", {
                "metadata": {"name": f"db{number:04}", "labels": {LABEL: f"db{number:04}"}},
                "spec": {"replicas": 0, "serviceName": "db", "selector": {"matchLabels": {"app": f"db{number:04}"}},
                         "template": {"metadata": {"labels": {"app": f"db{number:04}"}}, "spec": {"containers": [{
                             "name": "mysql", "image": "mariadb", "ports": [{"containerPort": 3306}], "volumeMounts": [{"name": "data", "mountPath": "/var/lib/mysql"}],
                             "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"cpu": "500m", "memory": "512Mi"}}}]}},
                         "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]}})
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(one, range(first, last)))

    def sets(self):
        return json.loads(self.ask(f"/apis/apps/v1/namespaces/{SPACE}/statefulsets"))["items"]

    def stop(self):
        subprocess.run([self.program, "down", self.home], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Relay:
    """Takes the gateway's requests over HTTP and hands them to the server over TLS. Notes each with its time as it comes."""

    def __init__(self, cluster, home, name):
        self.port, self.log = free_port(), os.path.join(home, f"{name}.requests")
        self.kubeconfig = os.path.join(home, f"{name}.kubeconfig")
        with open(self.kubeconfig, "w") as f:
            json.dump({"clusters": [{"name": "lab", "cluster": {"server": f"http://127.0.0.1:{self.port}"}}], "users": [{"name": "me", "user": {"token": cluster.token}}],
                       "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "me", "namespace": SPACE}}], "current-context": "lab"}, f)
        self.process = subprocess.Popen([sys.executable, os.path.join(ROOT, "bench", "relay.py"), str(self.port), cluster.server, self.log])
        wait_port(self.port)

    def requests(self, since=0.0):
        """(time, method, path) of each that came after that time."""
        with open(self.log) as f:
            rows = [line.split() for line in f if line.endswith("\n")]
        return [(float(at), method, path) for at, method, path in rows if float(at) >= since]

    def stop(self):
        self.process.kill()
        self.process.wait()


def kind(method, path):
    """The verb and the resource of a request, as the server counts them."""
    name, _, query = path.partition("?")
    parts = re.sub(r"^/(api|apis/[^/]+)/[^/]+(/namespaces/[^/]+)?/?", "", name).split("/") if "/namespaces/" in name else ["discovery"]
    verb = {"PUT": "update", "POST": "create", "PATCH": "patch", "DELETE": "delete"}.get(method) or ("watch" if "watch=" in query else "get" if len(parts) > 1 else "list")
    return f"{verb} {parts[0]}{'/' + parts[2] if len(parts) > 2 else ''}"


class Serving:
    """A gateway that finds its databases."""

    def __init__(self, home, name, relay, accounts, sets, host):
        self.port, self.admin, self.home = free_port(), free_port(), os.path.join(home, name)
        os.makedirs(os.path.join(self.home, "rules"))
        with open(os.path.join(self.home, "rules", "bench.rules"), "w") as f:
            f.write("policy default\nunit cu = 500m cpu + 512MiB memory\nsize 1cu .. 2cu step 1cu\nrule sleep on running { when idle >= 1h do suspend }\n")
        for one in sets:
            folder = os.path.join(self.home, "data", one["metadata"]["labels"][LABEL])
            os.makedirs(folder)
            shutil.copy(accounts, os.path.join(folder, "accounts.json"))
            with open(os.path.join(folder, "statefulset.json"), "w") as f:
                json.dump({"namespace": SPACE, "name": one["metadata"]["name"], "uid": one["metadata"]["uid"]}, f)
        with open(os.path.join(self.home, "serverless.json"), "w") as f:
            json.dump({"user": USER, "password": PASSWORD, "listen": f"127.0.0.1:{self.port}", "admin": {"listen": f"127.0.0.1:{self.admin}"}, "rules": os.path.join(self.home, "rules"),
                       "data": os.path.join(self.home, "data"), "discovery": {"mode": "on", "namespaces": [SPACE]}, "databases": [], "fleet": {"replica": name},
                       "limits": {"heldFor": "10m"}, "kubernetes": {"kubeconfig": relay.kubeconfig}}, f)
        self.log = os.path.join(self.home, "log")
        self.began = time.monotonic()
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([*host, "up", "--config", os.path.join(self.home, "serverless.json")], stdout=log, stderr=subprocess.STDOUT)
        self.pid = self.process.pid

    def metrics(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=30) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    def until(self, pattern, count, seconds):
        """Waits for so many lines of the metrics. Returns seconds since the start."""
        while len(re.findall(pattern, text := self.metrics(), re.M)) < count:
            if time.monotonic() - self.began > seconds or self.process.poll() is not None:
                with open(self.log) as f:
                    sys.exit(f"{len(re.findall(pattern, text, re.M))} of {count} have {pattern}:\n{''.join(f.readlines()[-30:])}")
            time.sleep(0.1)
        return time.monotonic() - self.began

    def asleep(self, count):
        return self.until(r'^serverless_phase\{database="[^"]*",phase="suspended"\} 1$', count, 300)

    def leads(self, count):
        return self.until(r"^serverless_fleet_leads\{.*\} 1$", count, 300)

    def connect(self, number):
        return pymysql.connect(host="127.0.0.1", port=self.port, user=f"db{number:04}.{CLIENT}", password=PASSWORD, read_timeout=600)

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def learn(home, host):
    """The accounts of an engine with one more, as a gateway keeps them."""
    gateway = Gateway(home, "accounts", host=host)
    try:
        with pymysql.connect(host="127.0.0.1", port=gateway.port, user=USER, password=PASSWORD) as one:
            one.cursor().execute(f"CREATE USER {CLIENT}@'%' IDENTIFIED BY '{PASSWORD}'")
        kept = os.path.join(gateway.data, "default", "accounts.json")
        for _ in range(900):
            with open(kept) as f:
                if f'"{CLIENT}"' in f.read():
                    return kept
            time.sleep(0.1)
        sys.exit(f"the account of the clients did not come into {kept}")
    finally:
        gateway.stop()


def steady(cluster, relay, gateway, count, options, apart):
    time.sleep(10)  # what a start leaves is over
    began, asked, used = time.monotonic(), cluster.counted(), cpu_seconds(gateway.pid)
    time.sleep(options.seconds)
    took, asked, used = time.monotonic() - began, cluster.counted() - asked, cpu_seconds(gateway.pid) - used
    calls = Counter(kind(method, path) for at, method, path in relay.requests(began))
    return {"databases": count, "calls": sum(calls.values()) / took, "server": asked / took - apart, "cpu": used / took * 100, "resident": resident(gateway.pid),
            "kinds": {name: round(number / took, 2) for name, number in calls.most_common()}}


def send(clients, relay, rate):
    """Sends a statement on each, so many a second or all at once. Returns milliseconds from each to the request that scales its database."""
    sent, began = {}, time.monotonic()
    for i, (number, client) in enumerate(clients.items()):
        if rate and (wait := began + i / rate - time.monotonic()) > 0:
            time.sleep(wait)
        sent[f"db{number:04}"] = time.monotonic()
        client._execute_command(pymysql.constants.COMMAND.COM_QUERY, "SELECT COUNT(*) FROM bench.rows")
    for _ in range(300):
        scaled = {}
        for at, method, path in relay.requests(began):
            if method == "PUT" and (found := re.search(r"/statefulsets/([^/]+)/scale", path)):
                scaled.setdefault(found.group(1), at)
        if sent.keys() <= scaled.keys():
            break
        time.sleep(0.1)
    else:
        sys.exit(f"{len(sent.keys() - scaled.keys())} of {len(sent)} statements were followed by no request to scale")
    return sorted((scaled[name] - at) * 1000 for name, at in sent.items())


def percentile(values, part):
    return values[min(len(values) - 1, int(len(values) * part))]


class Pulse:
    """A process beside all others that asks to run again after each millisecond: by how many more it was late, at any instant."""

    PROGRAM = """
import json, signal, sys, time
late, ends = [0], []
signal.signal(signal.SIGTERM, lambda *_: ends.append(True))
print("runs", flush=True)
last = time.monotonic()
while not ends:
    time.sleep(0.001)
    now = time.monotonic()
    # not once for a long stall, but for each millisecond that would have waited for its end
    late.extend((now - last) * 1000 - passed for passed in range(1, 1 + int((now - last) * 1000)))
    last = now
json.dump(sorted(late), sys.stdout)
"""

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, "-c", self.PROGRAM], stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def stop(self):
        self.process.terminate()
        return json.loads(self.process.communicate(timeout=10)[0])


def wakes(gateway, relay, options, count):
    rows, next_one = [], 0
    at_rate, at_once = min(options.wakes, count // 3), min(options.burst, count // 3)
    for how, number, rate in ((f"at {options.rate:g}/s, the first", at_rate, options.rate), (f"at {options.rate:g}/s, the next", at_rate, options.rate), ("at once", at_once, None)):
        if not number:
            continue
        clients = {i: gateway.connect(i) for i in range(next_one, next_one + number)}
        next_one += number
        time.sleep(2)
        used = cpu_seconds(gateway.pid)
        pulse = Pulse()
        try:
            times = send(clients, relay, rate)
            used = cpu_seconds(gateway.pid) - used
        finally:
            late = pulse.stop()
        rows.append({"how": how, "statements": number, "p50": percentile(times, .5), "p99": percentile(times, .99), "most": times[-1], "cpu_ms": used * 1000 / number,
                     "late_p99": percentile(late, .99), "late_most": late[-1]})
        for one in clients.values():
            one._force_close()
    return rows


def change_leader(cluster, home, first, accounts, sets, host):
    relay = Relay(cluster, home, "second")
    second = Serving(home, "second", relay, accounts, sets, host)
    try:
        second.asleep(len(sets))
        joined = Counter(kind(method, path) for _, method, path in relay.requests())
        time.sleep(10)
        killed, used = time.monotonic(), cpu_seconds(second.pid)
        first.stop(signal.SIGKILL)
        second.leads(len(sets))
        took = time.monotonic() - killed
        time.sleep(20)
        asked = [(at - killed, kind(method, path)) for at, method, path in relay.requests(killed)]
        return {"joins": dict(joined.most_common()), "leads_after": took, "asked": dict(Counter(name for _, name in asked).most_common()),
                "most_in_a_second": max(Counter(int(at) for at, _ in asked).values()), "cpu_seconds": cpu_seconds(second.pid) - used, "resident": resident(second.pid)}
    finally:
        second.stop()
        relay.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--databases", type=lambda text: sorted(int(one) for one in text.split(",")), default=[10, 100, 1000])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=30)
    parser.add_argument("--wakes", type=int, default=200)
    parser.add_argument("--burst", type=int, default=100)
    parser.add_argument("--host", nargs="+", default=[os.path.join(ROOT, "serverless")], help="the gateway's program, with arguments of it that come first")
    parser.add_argument("--json")
    options = parser.parse_args()
    if not (program := os.environ.get("SERVERLESS_TEST_KUBE")):
        sys.exit("SERVERLESS_TEST_KUBE does not name a program that starts a Kubernetes control plane")
    home = tempfile.mkdtemp(prefix="bench-kubernetes-")
    result, running, made = {"steady": []}, [], 0
    try:
        running.append(cluster := Cluster(program, home))
        cluster.ask("/api/v1/namespaces", {"metadata": {"name": SPACE}})
        accounts = learn(home, options.host)
        before = cluster.counted()
        time.sleep(10)
        apart = (cluster.counted() - before) / 10
        for count in options.databases:
            cluster.make(made, count)
            made, sets = count, cluster.sets()
            time.sleep(5)
            running.append(relay := Relay(cluster, home, f"first{count}"))
            running.append(gateway := Serving(home, f"first{count}", relay, accounts, sets, options.host))
            started = gateway.asleep(count)
            joined = Counter(kind(method, path) for _, method, path in relay.requests())
            row = {"start": started, "start_calls": dict(joined.most_common()), **steady(cluster, relay, gateway, count, options, apart)}
            result["steady"].append(row)
            print(f"{count} databases: started in {started:.1f} s with {sum(joined.values())} calls {dict(joined.most_common(6))}; then {row['calls']:.2f} calls/s (server {row['server']:.2f}) {row['kinds']}, "
                  f"{row['cpu']:.1f} % of a core, {row['resident'] / 2**20:.0f} MiB", flush=True)
            if count == options.databases[-1]:
                result["leader"] = change_leader(cluster, home, gateway, accounts, sets, options.host)
                print(f"another leader: {result['leader']}", flush=True)
                gateway = Serving(home, "third", relay, accounts, sets, options.host)
                running.append(gateway)
                gateway.asleep(count)
                time.sleep(5)
                result["wake"] = wakes(gateway, relay, options, count)
                for one in result["wake"]:
                    print(f"statement to request, {one['statements']} {one['how']}: p50 {one['p50']:.1f} ms, p99 {one['p99']:.1f} ms, at most {one['most']:.1f} ms; {one['cpu_ms']:.1f} ms of processor time each; "
                          f"the machine late by {one['late_p99']:.1f} ms (p99), at most {one['late_most']:.1f} ms", flush=True)
            else:
                gateway.stop()
                relay.stop()
    finally:
        for one in reversed(running):
            one.stop()
        shutil.rmtree(home, ignore_errors=True)
    if options.json:
        with open(options.json, "w") as f:
            json.dump(result, f, indent=1)


if __name__ == "__main__":
    main()
