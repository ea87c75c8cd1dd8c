"""What must not wake a sleeping database: logging in rightly and wrongly, a ping, SELECT 1, leaving."""
import json
import sys

import pymysql

host, port, user, password = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
connection = pymysql.connect(host=host, port=port, user=user, password=password, read_timeout=30)
connection.ping(reconnect=False)
with connection.cursor() as cursor:
    cursor.execute("SELECT 1")
    one = cursor.fetchone()[0]
connection.close()
refused = 0
try:
    pymysql.connect(host=host, port=port, user=user, password="not the password", read_timeout=30)
except pymysql.err.OperationalError as error:
    refused = error.args[0]
print(json.dumps({"one": one, "pinged": True, "refused": refused}), flush=True)
