"""The processes that the benchmark measures: the gateway with its own compute, and HAProxy before the same engine."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
USER, PASSWORD = "bench", "Bench-Horse1"
TICK = os.sysconf("SC_CLK_TCK")
RULES = """policy default
unit cu = 1000m cpu + 1GiB memory
size 1cu .. 2cu step 1cu
rule sleep on running { when idle >= 1h do suspend }
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_port(port):
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    sys.exit(f"nothing listens on port {port}")


def cpu_seconds(pid):
    """Processor time of all threads of a process, user and system."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident(pid):
    """Resident set of a process, in bytes."""
    with open(f"/proc/{pid}/smaps_rollup") as f:
        return int(re.search(r"^Rss:\s+(\d+)", f.read(), re.M).group(1)) * 1024


class Gateway:
    """The gateway and its own compute. The engine listens on TCP too, for this run only, so that others can be measured on it."""

    def __init__(self, home, name, shares=None, engine_port=None, rules=RULES, host=(os.path.join(ROOT, "serverless"),)):
        """With `shares` its sessions share so many connections to the engine of another gateway, over TCP. `host` is its program, with arguments that come first."""
        self.port, self.admin, self.engine_port = free_port(), free_port(), engine_port or free_port()
        home = os.path.join(home, re.sub(r"\W+", "-", name))
        text, rules, config = rules, os.path.join(home, "rules"), os.path.join(home, "serverless.json")
        os.makedirs(rules)
        with open(os.path.join(rules, "bench.rules"), "w") as f:
            f.write(text)
        database = {"name": "default", "engine": {"arguments": [
            "--skip-networking=0", f"--port={self.engine_port}", "--bind-address=127.0.0.1", "--max-connections=3000"]}}
        if shares:
            database = {"name": "default", "compute": "external", "backend": f"127.0.0.1:{engine_port}", "backendTls": "off", "limits": {"backendConnections": shares}}
        with open(config, "w") as f:
            json.dump({"databases": [database]}, f)
        self.rules, self.data = rules, os.path.join(home, "data")
        self.process = subprocess.Popen(
            [*host, "up", "--config", config, "--listen", f"127.0.0.1:{self.port}", "--admin", f"127.0.0.1:{self.admin}",
             "--rules", rules, "--data", self.data, "--user", USER, "--password", PASSWORD],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        log = []
        for line in self.process.stdout:
            log.append(line)
            if line.startswith("ready "):
                break
        else:
            sys.exit("the gateway did not start:\n" + "".join(log))
        self.drain = subprocess.Popen(["cat"], stdin=self.process.stdout, stdout=subprocess.DEVNULL)
        self.pid = self.process.pid

    def status(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/api/databases/default", timeout=30) as r:
            return json.load(r)

    def suspend(self):
        """Returns when the engine's process is gone."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.admin}/api/databases/default/suspend", data=b"{}", headers={"Content-Type": "application/json"}, method="POST")
        for _ in range(600):
            phase = self.status()["phase"]
            if phase == "suspended" and not self.engine():
                return
            if phase == "running":
                urllib.request.urlopen(request, timeout=60).read()
            time.sleep(0.05)
        sys.exit(f"the database did not go to sleep: {self.status()}")

    def engine(self):
        """The engine's process id and command line, or None."""
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{name}/cmdline", "rb") as f:
                    arguments = f.read().decode().split("\0")[:-1]
            except OSError:
                continue  # it ended meanwhile
            if arguments and os.path.basename(arguments[0]) in ("mariadbd", "mysqld") and any(self.data in a for a in arguments):
                return int(name), arguments
        return None

    def engine_socket(self):
        return next(a.partition("=")[2] for a in self.engine()[1] if a.startswith("--socket="))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()


class HAProxy:
    """HAProxy in TCP mode, two threads, before the same engine over TCP."""

    def __init__(self, home, engine_port):
        self.port = free_port()
        path = os.path.join(home, "haproxy.cfg")
        with open(path, "w") as f:
            f.write(f"""global
  nbthread 2
  maxconn 9000
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen mysql
  bind 127.0.0.1:{self.port}
  server engine 127.0.0.1:{engine_port}
""")
        self.process = subprocess.Popen(["haproxy", "-db", "-f", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pid = self.process.pid
        wait_port(self.port)

    def stop(self):
        self.process.kill()
        self.process.wait()


class Router:
    """MySQL Router as it routes by default, before the same engine over TCP."""

    def __init__(self, program, home, engine_port):
        self.port = free_port()
        path = os.path.join(home, "router.conf")
        with open(path, "w") as f:
            f.write(f"""[DEFAULT]
name=bench
logging_folder={home}
runtime_folder={home}
data_folder={home}
max_total_connections=9000
[routing:bench]
bind_address=127.0.0.1
bind_port={self.port}
destinations=127.0.0.1:{engine_port}
routing_strategy=first-available
protocol=classic
client_ssl_mode=PASSTHROUGH
server_ssl_mode=AS_CLIENT
max_connect_errors=1000000
""")
        self.process = subprocess.Popen([program, "-c", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pid = self.process.pid
        wait_port(self.port)

    def stop(self):
        self.process.kill()
        self.process.wait()
