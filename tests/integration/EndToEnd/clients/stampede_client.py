"""N connections made while the database sleeps; all send at the same moment; each answer is checked."""
import sys

import pymysql

host, port, user, password, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5])
connections = [pymysql.connect(host=host, port=port, user=user, password=password, read_timeout=90) for _ in range(count)]
for index, connection in enumerate(connections, 1):
    connection._execute_command(3, f"SELECT v, {index} FROM stampede.t WHERE id = {index}")  # COM_QUERY, not yet read
right = wrong = 0
for index, connection in enumerate(connections, 1):
    try:
        connection._read_query_result()
        rows = connection._result.rows
        if rows == ((index * 7, index),):
            right += 1
        else:
            wrong += 1
            print(index, rows, file=sys.stderr)
    except Exception as error:  # each failure is one wrong answer, whatever it was
        wrong += 1
        print(index, error, file=sys.stderr)
print(f"{right} right, {wrong} wrong")
