"""PyMySQL over TLS that verifies the certificate, through a sleep: prints one JSON line per step, waits for a line on standard input between steps."""
import json
import sys

import pymysql

host, port, user, password, authority = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5]


def say(**what):
    print(json.dumps(what), flush=True)


try:
    connection = pymysql.connect(host=host, port=port, user=user, password=password, autocommit=True, read_timeout=60, ssl={"ca": authority})
except pymysql.err.OperationalError as error:
    say(step="refused", code=error.args[0], message=str(error.args[1]))
    sys.exit(0)
say(step="ready", protocol=connection._sock.version(), fingerprint=__import__("hashlib").sha256(connection._sock.getpeercert(True)).hexdigest())
sys.stdin.readline()
cursor = connection.cursor()
cursor.execute("SELECT REPEAT('x', 3000000), CURRENT_USER()")
row = cursor.fetchone()
cursor.execute("SELECT LENGTH(%s)", ("y" * 3000000,))
say(step="done", received=len(row[0]), user=row[1], sent=cursor.fetchone()[0])
