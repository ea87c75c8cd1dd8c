// mysql2 through a sleep; see ClientMatrixTests for what each program is asked and prints.
// Arguments: host, port, user, password, schema, certificate authority ("" without TLS).
import { createRequire } from "node:module";
import fs from "node:fs";
import readline from "node:readline";

const require = createRequire(process.env.MYSQL2_HOME + "/");
const mysql = require("mysql2/promise");
const [host, port, user, password, schema, authority] = process.argv.slice(2);
const say = (what) => console.log(JSON.stringify(what));
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const ssl = authority ? { ca: fs.readFileSync(authority), rejectUnauthorized: true } : undefined;
const connection = await mysql.createConnection({ host, port: Number(port), user, password, charset: "utf8mb4", ssl });
await connection.query(`CREATE DATABASE IF NOT EXISTS ${schema}`);
await connection.query(`USE ${schema}`);
await connection.query("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(50) CHARACTER SET utf8mb4, b BLOB, d DECIMAL(10,2))");
const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const [{ insertId: inserted }] = await connection.execute("INSERT INTO t (v, b, d) VALUES (?, ?, ?)", ["grüße", all, "1.50"]);
await connection.query("SET @v = 42, time_zone = '+03:00'");
const byId = await connection.prepare("SELECT v, b, d FROM t WHERE id = ?");
await byId.execute([inserted]);
const [[{ id: before }]] = await connection.query("SELECT CONNECTION_ID() AS id");
say({ step: "ready", inserted });
await lines.next();

const [[row]] = await byId.execute([inserted]);
const [[state]] = await connection.query("SELECT @v AS v, @@time_zone AS zone, DATABASE() AS db, CONNECTION_ID() AS id");
await connection.beginTransaction();
await connection.query("INSERT INTO t (v) VALUES ('gone')");
await connection.rollback();
let duplicate = 0;
try {
  await connection.execute("INSERT INTO t (id) VALUES (?)", [inserted]);
} catch (error) {
  duplicate = error.errno;
}
const [rows] = await connection.query("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i, REPEAT('x', 1000) AS x FROM n");
const [[{ length }]] = await connection.execute("SELECT LENGTH(?) AS length", ["y".repeat(1_000_000)]);
const [[{ kept }]] = await connection.query("SELECT COUNT(*) AS kept FROM t");
say({
  step: "done", text: row.v, bytes: row.b.toString("hex"), number: String(row.d), variable: Number(state.v), zone: state.zone, schema: state.db,
  same: state.id === before && before === connection.threadId, kept: Number(kept), duplicate, rows: rows.length,
  letters: rows.reduce((sum, r) => sum + r.x.length, 0), length: Number(length),
});
await connection.end();
process.exit(0);
