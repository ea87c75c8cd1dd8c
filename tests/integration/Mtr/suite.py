"""One test of MariaDB's own suite, as Debian packages it (mariadb-test, mariadb-test-data), run by its client and recorded."""
import os, re, shutil, signal, subprocess, time

ROOT = os.environ.get("SERVERLESS_TEST_SUITE") or "/usr"
SUITE, CLIENT = ROOT + "/share/mysql/mysql-test", ROOT + "/bin/mariadb-test"
MISSING = [name for name in (SUITE + "/main", CLIENT) if not os.path.exists(name)]
# What mariadb-test ends with when a test says that it cannot be run here.
SKIPPED = 62
TIMED_OUT = 124


def record(test, port, var, options, seconds, is_up):
    """Runs main.NAME against the server on that port, as long as there is one. Returns exit code and what was recorded, made comparable, with the error last when it did not end well."""
    shutil.rmtree(var, ignore_errors=True)
    for folder in ("log", "tmp", "run"):
        os.makedirs(f"{var}/{folder}")
    os.chmod(var, 0o777)
    os.chmod(var + "/tmp", 0o777)
    client = ["--no-defaults", "--host=127.0.0.1", f"--port={port}", "--protocol=tcp", "--user=root"]
    programs = " ".join(client)
    environment = dict(
        os.environ, MYSQL_TEST_DIR=SUITE, MYSQLTEST_VARDIR=var, MYSQL_TMP_DIR=var + "/tmp", MASTER_MYPORT=str(port), MYSQL_BINDIR="/usr", MYSQLTEST_FILE=test, LC_ALL="C", TZ="MET",
        MASTER_MYSOCK="/nonexistent", MYSQL=f"mariadb {programs}", MYSQL_DUMP=f"mariadb-dump {programs}", MYSQLADMIN=f"mariadb-admin {programs}", EXE_MYSQL="mariadb",
        DEFAULT_MASTER_PORT=str(port), MYSQL_TEST_LOGIN_FILE="/nonexistent", MYSQLTEST_CHARSETSDIR="/usr/share/mysql/charsets", MYSQL_SHAREDIR="/usr/share/mysql",
        STD_DATA=SUITE + "/std_data", MTR_COMBINATIONS="")
    result = f"{var}/{test}.result"
    command = [
        CLIENT, *client, "--database=test", f"--basedir={SUITE}", f"--tmpdir={var}/tmp", f"--logdir={var}/log", "--record", f"--test-file={SUITE}/main/{test}.test",
        f"--result-file={result}", "--silent", "--max-connect-retries=20", *options]
    code, said = run(command, environment, seconds, is_up)
    recorded = b""
    if os.path.exists(result):
        with open(result, "rb") as file:
            recorded = file.read()
    if code:
        recorded += b"\n*** mariadb-test ended with %d\n" % code + said[-800:] + b"\n"
    return code, recorded


def run(command, environment, seconds, is_up):
    """
    A test that stops its server waits for mysql-test-run.pl to start it again, which there is not. What a test has started and left, which keeps its output open, goes with it.
    """
    with subprocess.Popen(command, cwd=SUITE, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True) as process:
        end, down = time.monotonic() + seconds, None
        while True:
            try:
                said, _ = process.communicate(timeout=1)
                return process.returncode, said
            except subprocess.TimeoutExpired:
                if not is_up() and down is None:
                    down = time.monotonic() + 5
                    end = min(end, down)
                if time.monotonic() > end:
                    os.killpg(process.pid, signal.SIGKILL)
                    return TIMED_OUT, (process.communicate()[0] or b"") + b"\ntimed out\n"


def comparable(recorded, places):
    """What is another with every run (addresses, times of day, folders) is taken out of a recording."""
    for place, word in places:
        recorded = recorded.replace(place.encode(), word)
    recorded = re.sub(rb"\b(127\.0\.0\.1|localhost):\d+", b"ADDR", recorded)
    recorded = re.sub(rb"port \d{4,5}", b"port N", recorded)
    return re.sub(rb"\d{2}:\d{2}:\d{2}(\.\d+)?", b"TIME", recorded)
