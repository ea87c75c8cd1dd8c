"""A fresh MariaDB for every test, and a gateway before it. Both listen on free loopback ports and keep their data in memory."""
import json, os, pwd, re, shutil, socket, subprocess, tempfile, time, urllib.request

ARGUMENTS = [
    "--no-defaults", "--bind-address=127.0.0.1", "--character-set-server=latin1", "--default-storage-engine=myisam", "--local-infile",
    "--log-bin-trust-function-creators=1", "--key-buffer-size=1M", "--sort-buffer-size=256K", "--max-heap-table-size=1M", "--innodb-log-file-size=10M",
    "--innodb-buffer-pool-size=32M", "--performance-schema=ON", "--secure-file-priv=",
]
# What mysql-test-run.pl makes in every server before a test.
SETUP = """CREATE DATABASE IF NOT EXISTS test; CREATE DATABASE IF NOT EXISTS mtr;
CREATE OR REPLACE PROCEDURE mtr.add_suppression(p VARCHAR(255)) SELECT 1 INTO @mtr_suppressed"""
RULES = """policy default
unit cu = 1000m cpu + 1GiB memory
size 1cu .. 1cu step 1cu
rule grow on running { when cpu > 99% for 1h do resize up 1cu }
"""


class NotStarted(Exception):
    """A server or a gateway that did not come up; the message says why."""


def find(program):
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def greeted(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as one:
            one.settimeout(2)
            return len(one.recv(5)) == 5
    except OSError:
        return False


def wait_for(process, condition, log, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        if process.poll() is not None or time.monotonic() > end:
            with open(log, encoding="utf8", errors="replace") as file:
                raise NotStarted(f"{process.args[0]} does not listen; its output ends with\n{file.read()[-2000:]}")
        time.sleep(0.02)


def end(process):
    if process and process.poll() is None:
        process.kill()
    if process:
        process.wait()


class Home:
    """A folder in memory where there is room, and the data directory that every server begins with."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="mtr-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
        os.chmod(self.path, 0o755)
        self.template = self.path + "/template"
        self.own(self.path)
        run_as = self.run_as()
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", f"--datadir={self.template}", *run_as, "--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=10M"],
            check=True, capture_output=True)
        server = Server(self, "template", data=self.template)
        server.start(copied=False)
        subprocess.run(["mariadb", "--no-defaults", "-h127.0.0.1", f"-P{server.port}", "-uroot", "-e", SETUP + "; SHUTDOWN"], check=True, capture_output=True)
        server.process.wait()

    @staticmethod
    def account():
        """Of the servers: root's are run as the account that Debian's package of the server makes, where there is one."""
        if os.geteuid() != 0:
            return None
        return "mysql" if any(one.pw_name == "mysql" for one in pwd.getpwall()) else "root"

    def run_as(self):
        return [f"--user={self.account()}"] if self.account() else []

    def own(self, path):
        if self.account():
            shutil.chown(path, self.account())

    def end(self):
        shutil.rmtree(self.path, ignore_errors=True)


class Server:
    def __init__(self, home, name, data=None):
        self.home, self.name, self.process = home, name, None
        self.data = data or f"{home.path}/{name}"
        self.port = free_port()

    def start(self, copied=True):
        self.end()
        if copied:
            shutil.rmtree(self.data, ignore_errors=True)
            subprocess.run(["cp", "-a", self.home.template, self.data], check=True)
        # a MariaDB that starts removes the temporary files of others in its folder for them
        temporary = f"{self.home.path}/{self.name}-tmp"
        shutil.rmtree(temporary, ignore_errors=True)
        os.makedirs(temporary)
        self.home.own(temporary)
        with open(f"{self.home.path}/{self.name}.log", "w", encoding="utf8") as log:
            self.process = subprocess.Popen(
                [find("mariadbd"), *ARGUMENTS, f"--datadir={self.data}", f"--tmpdir={temporary}", *self.home.run_as(), f"--port={self.port}", f"--socket={self.home.path}/{self.name}.s"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_for(self.process, lambda: greeted(self.port), f"{self.home.path}/{self.name}.log")

    def is_up(self):
        return self.process is not None and self.process.poll() is None

    def end(self):
        end(self.process)
        self.process = None


class Gateway:
    """The host, before one server. It stays when that server makes room for another one at the same address."""

    def __init__(self, command, home, name, detach):
        self.command, self.path, self.detach, self.process = command, f"{home.path}/{name}-gateway", detach, None
        self.port = self.admin = 0

    def start(self, server):
        self.end()
        shutil.rmtree(self.path, ignore_errors=True)
        os.makedirs(self.path + "/rules")
        with open(self.path + "/rules/test.rules", "w", encoding="utf8") as file:
            file.write(RULES)
        self.port, self.admin = free_port(), free_port()
        settings = {
            "data": self.path + "/data", "admin": {"listen": f"127.0.0.1:{self.admin}"},
            "databases": [{
                "name": "default", "listen": f"127.0.0.1:{self.port}", "rules": self.path + "/rules", "compute": "external", "backend": f"127.0.0.1:{server.port}",
                "user": "root", "password": "", "backendTls": "off",
                # tests wait for the number of the server's connections to fall when a session ends
                "sharing": {"keepFor": "0s"}, "debug": {"detach": "statement" if self.detach else "never"},
            }],
        }
        with open(self.path + "/serverless.json", "w", encoding="utf8") as file:
            json.dump(settings, file)
        with open(self.path + ".log", "w", encoding="utf8") as log:
            self.process = subprocess.Popen([*self.command, "up", "--config", self.path + "/serverless.json"], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_for(self.process, self.is_ready, self.path + ".log")

    def follow(self, server):
        """After the server was begun anew: what was known of the accounts of the last one is to be read again."""
        if self.process is None or self.process.poll() is not None:
            self.start(server)
        # once may still go by a connection to the server that was
        for _ in range(2):
            flushed = subprocess.run(["mariadb", "--no-defaults", "-h127.0.0.1", f"-P{self.port}", "-uroot", "-e", "FLUSH PRIVILEGES"], check=False, capture_output=True)
        if flushed.returncode != 0:
            # the last test took away the account that this one comes by
            self.start(server)

    def is_ready(self):
        with open(self.path + ".log", encoding="utf8", errors="replace") as log:
            return any(line.startswith("ready ") for line in log)

    def detaches(self):
        """Counts of the forced detaches since its start: by reason what was kept, and under None what was detached."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=10) as reply:
            text = reply.read().decode()
        counts = {}
        for name, reason, count in re.findall(r'^serverless_debug_(detached|kept)_total\{[^}\n]*?(?:,reason="([^"]*)")?\} (\d+)', text, re.M):
            counts[reason if name == "kept" else None] = int(count)
        return counts

    def end(self):
        end(self.process)
        self.process = None
