# DBD::mysql with prepares of the server through a sleep; see ClientMatrixTests for what each program is asked and prints.
# Arguments: host, port, user, password, schema, certificate authority ("" without TLS).
use strict;
use warnings;
use DBI;
use JSON::PP;

my ($host, $port, $user, $password, $schema, $authority) = @ARGV;
$| = 1;
my $json = JSON::PP->new->utf8;
sub say_json { print $json->encode({@_}), "\n" }

my $source = "DBI:mysql:host=$host;port=$port;mysql_server_prepare=1";
# Built on MariaDB's library it cannot enforce TLS; the account does.
$source .= ";mysql_ssl=1;mysql_ssl_optional=1;mysql_ssl_ca_file=$authority" if $authority;
my $db = DBI->connect($source, $user, $password, { RaiseError => 1, PrintError => 0, AutoCommit => 1, mysql_enable_utf8mb4 => 1 });
$db->do("CREATE DATABASE IF NOT EXISTS $schema");
$db->do("USE $schema");
$db->do("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(50) CHARACTER SET utf8mb4, b BLOB, d DECIMAL(10,2))");
my $insert = $db->prepare("INSERT INTO t (v, b, d) VALUES (?, ?, ?)");
# It sends the bytes that Perl holds, so they must be those of UTF-8.
utf8::upgrade(my $greetings = "gr\x{fc}\x{df}e");
$insert->bind_param(1, $greetings);
$insert->bind_param(2, join("", map { chr } 0 .. 255), DBI::SQL_BLOB());
$insert->bind_param(3, "1.50");
$insert->execute;
my $inserted = $insert->{mysql_insertid};
$db->do("SET \@v = 42, time_zone = '+03:00'");
my $by_id = $db->prepare("SELECT v, HEX(b), d FROM t WHERE id = ?");
$by_id->execute($inserted);
$by_id->fetchall_arrayref;
my ($before) = $db->selectrow_array("SELECT CONNECTION_ID()");
say_json(step => "ready", inserted => $inserted + 0);
<STDIN>;

$by_id->execute($inserted);
my ($text, $bytes, $number) = @{ $by_id->fetchrow_arrayref };
$by_id->finish;
my ($variable, $zone, $in_use, $after) = $db->selectrow_array("SELECT \@v, \@\@time_zone, DATABASE(), CONNECTION_ID()");
$db->begin_work;
$db->do("INSERT INTO t (v) VALUES ('gone')");
$db->rollback;
my $duplicate = 0;
eval { $db->do("INSERT INTO t (id) VALUES (?)", undef, $inserted); 1 } or $duplicate = $db->err;
my $rows = $db->selectall_arrayref("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i, REPEAT('x', 1000) FROM n");
my ($length) = $db->selectrow_array("SELECT LENGTH(?)", undef, "y" x 1_000_000);
my ($kept) = $db->selectrow_array("SELECT COUNT(*) FROM t");
my $letters = 0;
$letters += length $_->[1] for @$rows;
say_json(
    step => "done", text => $text, bytes => lc $bytes, number => "$number", variable => $variable + 0, zone => $zone, schema => $in_use,
    same => $after == $before ? JSON::PP::true : JSON::PP::false, kept => $kept + 0, duplicate => $duplicate + 0, rows => scalar @$rows,
    letters => $letters, length => $length + 0);
$db->disconnect;
