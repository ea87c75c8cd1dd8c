// mysql2 through a sleep: prints one JSON line per step, waits for a line on standard input between steps.
import { createRequire } from "node:module";
import readline from "node:readline";

const require = createRequire(process.env.MYSQL2_HOME + "/");
const mysql = require("mysql2/promise");
const [host, port, user, password] = process.argv.slice(2);
const say = (what) => console.log(JSON.stringify(what));
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const connection = await mysql.createConnection({ host, port: Number(port), user, password, charset: "utf8mb4" });
await connection.query("CREATE DATABASE IF NOT EXISTS through_mysql2");
await connection.query("USE through_mysql2");
await connection.query("CREATE TABLE IF NOT EXISTS t (id INT PRIMARY KEY, v VARCHAR(50) CHARACTER SET utf8mb4)");
await connection.query("REPLACE INTO t VALUES (1, 'grüße')");
await connection.query("SET @v = 42, @w = 'ä'");
await connection.query("SET time_zone = '+03:00'");
const statement = await connection.prepare("SELECT v, @v AS n FROM t WHERE id = ?");
const [first] = await statement.execute([1]);
const [[{ id: before }]] = await connection.query("SELECT CONNECTION_ID() AS id");
say({ step: "ready", id: before, threadId: connection.threadId, first: first[0].v });
await lines.next();
const [rows] = await statement.execute([1]);
const [[state]] = await connection.query("SELECT @v AS v, @w AS w, @@time_zone AS zone, DATABASE() AS `schema`, @@character_set_client AS charset, CONNECTION_ID() AS id");
say({ step: "done", row: rows[0].v, prepared: Number(rows[0].n), ...state, v: Number(state.v), same: before === state.id && before === connection.threadId });
await connection.end();
process.exit(0);
