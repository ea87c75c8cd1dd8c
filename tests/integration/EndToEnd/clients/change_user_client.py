"""COM_CHANGE_USER over the compressed protocol, twice to an account that there is, and then with a wrong password."""
import sys

import MySQLdb

host, port, user, password = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
connection = MySQLdb.connect(host=host, port=port, user=user, password=password, compress=True)


def ask(statement):
    cursor = connection.cursor()
    cursor.execute(statement)
    return cursor.fetchone()[0]


ask("SELECT @kept := 1")
for _ in range(2):
    connection.change_user(user, password, "mysql")
    print(ask("SELECT CONCAT_WS(' ', DATABASE(), IF(@kept IS NULL, 'fresh', 'kept'), LENGTH(REPEAT('x', 200000)))"), flush=True)
    ask("SELECT @kept := 2")
errors = []
for _ in range(4):
    try:
        connection.change_user(user, "not the password", "information_schema")
    except MySQLdb.Error as error:
        errors.append(str(error.args[0]))
print(*errors, flush=True)
try:
    print(ask("SELECT CONCAT_WS(' ', DATABASE(), IF(@kept IS NULL, 'fresh', 'kept'), COUNT(*) >= 0) FROM mysql.db"), flush=True)
except MySQLdb.Error as error:
    print("lost", flush=True)
