"""Asks for a large result and does not read it until told to."""
import sys

import pymysql
import pymysql.cursors

host, port, user, password = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
connection = pymysql.connect(host=host, port=port, user=user, password=password, read_timeout=90, cursorclass=pymysql.cursors.SSCursor)
connection._execute_command(3, "SELECT REPEAT('x', 1000000) FROM mysql.seq_1_to_400")  # COM_QUERY, not yet read
print("sent", flush=True)
sys.stdin.readline()
result = pymysql.connections.MySQLResult(connection)
result.init_unbuffered_query()
rows = 0
while result._read_rowdata_packet_unbuffered() is not None:
    rows += 1
print(f"read {rows} rows", flush=True)
