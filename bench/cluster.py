"""A real control plane with a node, as the benchmark of wakes uses them, and a relay before its API server that knows when what was asked."""
import base64
import http.client
import http.server
import json
import os
import re
import ssl
import subprocess
import threading
import time

SPACE = "/apis/apps/v1/namespaces/default/statefulsets"
PODS = "/api/v1/namespaces/default/pods"


class Cluster:
    """`SERVERLESS_TEST_KUBE` and `SERVERLESS_TEST_KUBE_NODE` name the programs that start and stop it, as for the tests."""

    def __init__(self, home, port):
        self.kube, self.node, self.home = os.environ["SERVERLESS_TEST_KUBE"], os.environ["SERVERLESS_TEST_KUBE_NODE"], os.path.join(home, "kube")
        subprocess.run([self.kube, "up", self.home, str(port)], check=True, capture_output=True)
        try:
            subprocess.run([self.node, "up", self.home], check=True, capture_output=True)
        except BaseException:
            subprocess.run([self.kube, "down", self.home], capture_output=True)
            raise
        with open(os.path.join(self.home, "kubeconfig")) as f:
            text = f.read()
        self.port, self.token = port, re.search(r"token: ([\w-]+)", text).group(1)
        authority = re.search(r"certificate-authority-data: (\S+?)[}\s]", text).group(1)
        self.tls = ssl.create_default_context(cadata=base64.b64decode(authority).decode())
        self.calls = threading.local()

    def ask(self, method, path, body=None, kind="application/json"):
        """Over a connection that is kept, one for each thread. Returns the status and the answer."""
        for last in (False, True):
            if not hasattr(self.calls, "connection"):
                self.calls.connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=30)
            try:
                self.calls.connection.request(
                    method, path, None if body is None else json.dumps(body), {"Authorization": f"Bearer {self.token}", "Content-Type": kind})
                answer = self.calls.connection.getresponse()
                return answer.status, json.loads(answer.read())
            except (http.client.HTTPException, OSError):
                del self.calls.connection
                if last:
                    raise

    def create(self, name):
        """The database: one pod, its data in a folder of the node."""
        container = {"name": "mariadb", "image": "docker.io/lab/mariadb:1", "imagePullPolicy": "Never",
                     "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}}, "volumeMounts": [{"name": "data", "mountPath": "/var/lib/mysql"}]}
        volume = {"name": "data", "hostPath": {"path": os.path.join(self.home, name), "type": "DirectoryOrCreate"}}
        status, answer = self.ask("POST", SPACE, {
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name},
            "spec": {"replicas": 1, "serviceName": name, "selector": {"matchLabels": {"app": name}},
                     "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container], "volumes": [volume]}}}})
        if status != 201:
            raise RuntimeError(f"no StatefulSet: {answer}")

    def scale(self, name, replicas):
        status, answer = self.ask("PATCH", f"{SPACE}/{name}/scale", {"spec": {"replicas": replicas}}, "application/merge-patch+json")
        if status != 200:
            raise RuntimeError(f"not scaled: {answer}")

    def address(self, name):
        """Of its pod, once it has one; None before."""
        status, pod = self.ask("GET", f"{PODS}/{name}-0")
        return pod.get("status", {}).get("podIP") if status == 200 and "deletionTimestamp" not in pod["metadata"] else None

    def wait_gone(self, name):
        while self.ask("GET", f"{PODS}/{name}-0")[0] != 404:
            time.sleep(0.05)

    def stop(self, name):
        """Its pods go before the node."""
        self.ask("DELETE", f"{SPACE}/{name}")
        self.wait_gone(name)
        subprocess.run([self.node, "down", self.home], capture_output=True)
        subprocess.run([self.kube, "down", self.home], capture_output=True)


class Relay:
    """Passes the gateway's calls on to the API server, and notes when a request to scale came."""

    def __init__(self, cluster):
        relay, self.scaled = self, []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *arguments):
                pass

            def relay(self):
                came = time.perf_counter()
                if self.command == "PUT" and self.path.endswith("/scale"):
                    relay.scaled.append(came)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
                kept = {name: value for name, value in self.headers.items() if name in ("Authorization", "Content-Type", "Accept")}
                if not hasattr(self, "upstream"):
                    self.upstream = http.client.HTTPSConnection("127.0.0.1", cluster.port, context=cluster.tls, timeout=600)
                self.upstream.request(self.command, self.path, body, kept)
                answer = self.upstream.getresponse()
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.getheader("Content-Type", "application/json"))
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.flush()
                # event by event, as a watch has them
                while part := answer.read1(1 << 16):
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                    self.wfile.flush()
                # to its end in form, without which its connection takes no other request
                answer.read()
                self.wfile.write(b"0\r\n\r\n")

            do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = relay

            def handle(self):
                try:
                    super().handle()
                except (OSError, http.client.HTTPException):
                    pass  # one of the two has gone

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.port = self.server.server_address[1]

    def stop(self):
        self.server.shutdown()
