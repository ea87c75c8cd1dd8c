"""PyMySQL or mysqlclient through a sleep; see ClientMatrixTests for what each program is asked and prints.
Arguments: module, host, port, user, password, schema, certificate authority ("" without TLS)."""
import importlib
import json
import sys

module, host, port, user, password, schema, authority = sys.argv[1:8]
driver = importlib.import_module(module)
tls = {"ssl": {"ca": authority}} if authority else {}


def say(**what):
    print(json.dumps(what), flush=True)


connection = driver.connect(host=host, port=int(port), user=user, password=password, autocommit=True, charset="utf8mb4", **tls)
cursor = connection.cursor()


def ask(sql, *values):
    cursor.execute(sql, values or None)
    return cursor.fetchall() if cursor.description else None


ask(f"CREATE DATABASE IF NOT EXISTS {schema}")
ask(f"USE {schema}")
ask("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(50) CHARACTER SET utf8mb4, b BLOB, d DECIMAL(10,2))")
ask("INSERT INTO t (v, b, d) VALUES (%s, %s, %s)", "grüße", bytes(range(256)), "1.50")
inserted = cursor.lastrowid
ask("SET @v = 42, time_zone = '+03:00'")
before = ask("SELECT CONNECTION_ID()")[0][0]
say(step="ready", inserted=inserted)
sys.stdin.readline()

row = ask("SELECT v, b, d FROM t WHERE id = %s", inserted)[0]
state = ask("SELECT @v, @@time_zone, DATABASE(), CONNECTION_ID()")[0]
connection.autocommit(False)
ask("INSERT INTO t (v) VALUES ('gone')")
connection.rollback()
connection.autocommit(True)
try:
    ask("INSERT INTO t (id) VALUES (%s)", inserted)
    duplicate = 0
except driver.IntegrityError as error:
    duplicate = error.args[0]
rows = ask("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i, REPEAT('x', 1000) FROM n")
length = ask("SELECT LENGTH(%s)", "y" * 1_000_000)[0][0]
say(
    step="done", text=row[0], bytes=row[1].hex(), number=str(row[2]), variable=int(state[0]), zone=state[1], schema=state[2], same=state[3] == before,
    kept=ask("SELECT COUNT(*) FROM t")[0][0], duplicate=duplicate, rows=len(rows), letters=sum(len(r[1]) for r in rows), length=length)
connection.close()
