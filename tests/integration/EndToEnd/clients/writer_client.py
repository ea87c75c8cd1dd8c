"""Writes rows, one committed statement each, for some seconds, over errors; then checks that each acknowledged row is there."""
import sys
import time

import pymysql

host, port, user, password, seconds = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], float(sys.argv[5])


def connect():
    return pymysql.connect(host=host, port=port, user=user, password=password, autocommit=True, read_timeout=60)


connection = connect()
connection.cursor().execute("CREATE DATABASE IF NOT EXISTS written")
connection.cursor().execute("CREATE TABLE IF NOT EXISTS written.t (id INT PRIMARY KEY)")
print("writing", flush=True)
acknowledged, errors, reconnects, number = [], 0, 0, 0
end = time.monotonic() + seconds
while time.monotonic() < end:
    number += 1
    try:
        connection.cursor().execute("INSERT INTO written.t VALUES (%s)", (number,))
        acknowledged.append(number)
    except pymysql.err.MySQLError as error:
        errors += 1
        print("error", error, file=sys.stderr)
        if not connection.open or error.args[0] in (2006, 2013):
            reconnects += 1
            connection = connect()
cursor = connection.cursor()
cursor.execute("SELECT id FROM written.t")
found = {row[0] for row in cursor.fetchall()}
missing = [n for n in acknowledged if n not in found]
print(f"acknowledged {len(acknowledged)} errors {errors} reconnects {reconnects} missing {len(missing)}")
sys.exit(0 if not missing and errors < 50 else 1)
