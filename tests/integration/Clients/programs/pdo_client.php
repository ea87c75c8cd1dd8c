<?php
// PDO through a sleep; see ClientMatrixTests for what each program is asked and prints.
// Arguments: "native" or "emulated" prepares, host, port, user, password, schema, certificate authority ("" without TLS).
[, $prepares, $host, $port, $user, $password, $schema, $authority] = $argv;

function say(array $what): void
{
    fwrite(STDOUT, json_encode($what, JSON_UNESCAPED_UNICODE) . "\n");
    fflush(STDOUT);
}

$options = [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_EMULATE_PREPARES => $prepares === 'emulated'];
if ($authority !== '') {
    $options[PDO::MYSQL_ATTR_SSL_CA] = $authority;
}
$db = new PDO("mysql:host=$host;port=$port;charset=utf8mb4", $user, $password, $options);
$db->exec("CREATE DATABASE IF NOT EXISTS $schema");
$db->exec("USE $schema");
$db->exec('CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(50) CHARACTER SET utf8mb4, b BLOB, d DECIMAL(10,2))');
$insert = $db->prepare('INSERT INTO t (v, b, d) VALUES (?, ?, ?)');
$insert->bindValue(1, 'grüße');
$insert->bindValue(2, implode('', array_map('chr', range(0, 255))), PDO::PARAM_LOB);
$insert->bindValue(3, '1.50');
$insert->execute();
$inserted = (int) $db->lastInsertId();
$db->exec("SET @v = 42, time_zone = '+03:00'");
$byId = $db->prepare('SELECT v, b, d FROM t WHERE id = ?');
$byId->execute([$inserted]);
$byId->closeCursor();
$before = $db->query('SELECT CONNECTION_ID()')->fetchColumn();
say(['step' => 'ready', 'inserted' => $inserted]);
fgets(STDIN);

$byId->execute([$inserted]);
$row = $byId->fetch(PDO::FETCH_NUM);
$byId->closeCursor();
$state = $db->query('SELECT @v, @@time_zone, DATABASE(), CONNECTION_ID()')->fetch(PDO::FETCH_NUM);
$db->beginTransaction();
$db->exec("INSERT INTO t (v) VALUES ('gone')");
$db->rollBack();
$duplicate = 0;
try {
    $db->prepare('INSERT INTO t (id) VALUES (?)')->execute([$inserted]);
} catch (PDOException $error) {
    $duplicate = (int) $error->errorInfo[1];
}
$rows = $db->query("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i, REPEAT('x', 1000) FROM n")->fetchAll(PDO::FETCH_NUM);
$measure = $db->prepare('SELECT LENGTH(?)');
$measure->execute([str_repeat('y', 1_000_000)]);
$length = (int) $measure->fetchColumn();
$measure->closeCursor();
say([
    'step' => 'done', 'text' => $row[0], 'bytes' => bin2hex($row[1]), 'number' => (string) $row[2], 'variable' => (int) $state[0], 'zone' => $state[1],
    'schema' => $state[2], 'same' => $state[3] === $before, 'kept' => (int) $db->query('SELECT COUNT(*) FROM t')->fetchColumn(), 'duplicate' => $duplicate,
    'rows' => count($rows), 'letters' => array_sum(array_map(fn ($r) => strlen($r[1]), $rows)), 'length' => $length,
]);
