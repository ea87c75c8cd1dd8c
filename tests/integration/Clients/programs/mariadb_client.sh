#!/bin/bash
# The `mariadb` command line client through a sleep; see ClientMatrixTests for what each program is asked and prints.
# Arguments: host, port, user, password, schema, certificate authority ("" without TLS).
host=$1 port=$2 user=$3 password=$4 schema=$5 authority=$6
tls=(--skip-ssl)
[[ -z $authority ]] || tls=(--ssl --ssl-ca="$authority" --ssl-verify-server-cert)
all=$(for ((i = 0; i < 256; i++)); do printf '%02x' "$i"; done)
long=$(printf '%01000000d' 0)

statements() {
  cat <<SQL
CREATE DATABASE IF NOT EXISTS $schema;
USE $schema
CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(50) CHARACTER SET utf8mb4, b BLOB, d DECIMAL(10,2));
INSERT INTO t (v, b, d) VALUES ('grüße', x'$all', 1.50);
SET @v = 42, time_zone = '+03:00', @inserted = LAST_INSERT_ID();
PREPARE by_id FROM 'SELECT v, LOWER(HEX(b)), d INTO @text, @bytes, @number FROM t WHERE id = ?';
SET @before = CONNECTION_ID();
SELECT JSON_OBJECT('step', 'ready', 'inserted', @inserted + 0);
SQL
  read -r _
  cat <<SQL
EXECUTE by_id USING @inserted;
BEGIN; INSERT INTO t (v) VALUES ('gone'); ROLLBACK;
INSERT INTO t (id) VALUES (@inserted);
SHOW ERRORS;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i, REPEAT('x', 1000) FROM n;
SELECT LENGTH('$long') INTO @length;
SELECT JSON_OBJECT('text', @text, 'bytes', CONVERT(@bytes USING utf8mb4), 'number', CAST(@number AS CHAR), 'variable', @v + 0, 'zone', @@time_zone, 'schema', DATABASE(), 'length', @length + 0,
  'kept', (SELECT COUNT(*) FROM t), 'again', CONNECTION_ID() = @before);
SQL
}

# What comes back is gathered into the one line that the other clients print.
duplicate=0 rows=0 letters=0
statements | mariadb --no-defaults --protocol=tcp -h"$host" -P"$port" -u"$user" -p"$password" "${tls[@]}" --default-character-set=utf8mb4 -N -B -n --unbuffered --force |
  while IFS=$'\t' read -r first second _; do
    case $first in
      Error) duplicate=$second ;;
      [0-9]*) rows=$((rows + 1)) letters=$((letters + ${#second})) ;;
      *'"ready"'*) echo "$first" ;;
      *)
        [[ $first =~ '"again": '(1|true) ]] && same=true || same=false
        echo "${first%\}}, \"step\": \"done\", \"duplicate\": $duplicate, \"rows\": $rows, \"letters\": $letters, \"same\": $same}"
        ;;
    esac
  done
