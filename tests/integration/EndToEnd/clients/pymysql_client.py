"""PyMySQL through a sleep: prints one JSON line per step, waits for a line on standard input between steps."""
import json
import sys

import pymysql

host, port, user, password = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]


def say(**what):
    print(json.dumps(what), flush=True)


connection = pymysql.connect(host=host, port=port, user=user, password=password, autocommit=True, charset="utf8mb4", read_timeout=60)
cursor = connection.cursor()
cursor.execute("CREATE DATABASE IF NOT EXISTS through_pymysql")
cursor.execute("USE through_pymysql")
cursor.execute("CREATE TABLE IF NOT EXISTS t (id INT PRIMARY KEY, v VARCHAR(50) CHARACTER SET utf8mb4)")
cursor.execute("REPLACE INTO t VALUES (1, 'grüße')")
cursor.execute("SET @v = 42, @w = 'ä', @d = 1.5")
cursor.execute("SET time_zone = '+03:00'")
cursor.execute("SET NAMES latin1")
connection.encoding = "latin1"
cursor.execute("PREPARE by_id FROM 'SELECT v FROM t WHERE id = ?'")
cursor.execute("DEALLOCATE PREPARE by_id")
cursor.execute("SELECT CONNECTION_ID()")
before = cursor.fetchone()[0]
say(step="ready", id=before)
sys.stdin.readline()
cursor.execute("SELECT v FROM t WHERE id = 1")
row = cursor.fetchone()[0]
cursor.execute("SELECT @v, @w, @d, @@time_zone, DATABASE(), @@character_set_client, CONNECTION_ID()")
v, w, d, zone, schema, charset, after = cursor.fetchone()
say(step="done", row=row, v=v, w=w, d=str(d), zone=zone, schema=schema, charset=charset, id=after, same=before == after)
