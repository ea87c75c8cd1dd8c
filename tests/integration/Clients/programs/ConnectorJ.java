import java.io.*;
import java.nio.charset.StandardCharsets;
import java.sql.*;
import java.util.*;

/** MariaDB Connector/J through a sleep; see ClientMatrixTests for what each program is asked and prints.
 *  Arguments: "server" or "client" prepares, host, port, user, password, schema, certificate authority ("" without TLS). */
public class ConnectorJ {
    public static void main(String[] args) throws Exception {
        String prepares = args[0], host = args[1], port = args[2], user = args[3], password = args[4], schema = args[5], authority = args[6];
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        Properties properties = new Properties();
        properties.put("user", user);
        properties.put("password", password);
        properties.put("useServerPrepStmts", prepares.equals("server") ? "true" : "false");
        // A key that the server sends is taken without TLS, as the other clients do.
        properties.put("allowPublicKeyRetrieval", "true");
        if (!authority.isEmpty()) {
            properties.put("useSsl", "true");
            properties.put("serverSslCert", authority);
        }
        try (Connection db = DriverManager.getConnection("jdbc:mariadb://" + host + ":" + port + "/", properties); Statement plain = db.createStatement()) {
            plain.execute("CREATE DATABASE IF NOT EXISTS " + schema);
            db.setCatalog(schema);
            plain.execute("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(50) CHARACTER SET utf8mb4, b BLOB, d DECIMAL(10,2))");
            byte[] all = new byte[256];
            for (int i = 0; i < 256; i++) all[i] = (byte) i;
            long inserted;
            try (PreparedStatement insert = db.prepareStatement("INSERT INTO t (v, b, d) VALUES (?, ?, ?)", Statement.RETURN_GENERATED_KEYS)) {
                insert.setString(1, "gr\u00fc\u00dfe");
                insert.setBytes(2, all);
                insert.setBigDecimal(3, new java.math.BigDecimal("1.50"));
                insert.executeUpdate();
                ResultSet keys = insert.getGeneratedKeys();
                keys.next();
                inserted = keys.getLong(1);
            }
            plain.execute("SET @v = 42, time_zone = '+03:00'");
            PreparedStatement byId = db.prepareStatement("SELECT v, b, d FROM t WHERE id = ?");
            byId.setLong(1, inserted);
            byId.executeQuery().close();
            long before = number(plain, "SELECT CONNECTION_ID()");
            out.println("{\"step\":\"ready\",\"inserted\":" + inserted + "}");
            new BufferedReader(new InputStreamReader(System.in)).readLine();

            ResultSet row = byId.executeQuery();
            row.next();
            String text = row.getString(1), decimal = row.getBigDecimal(3).toPlainString(), hex = HexFormat.of().formatHex(row.getBytes(2));
            ResultSet state = plain.executeQuery("SELECT @v, @@time_zone, DATABASE(), CONNECTION_ID()");
            state.next();
            long variable = state.getLong(1), after = state.getLong(4);
            String zone = state.getString(2), inUse = state.getString(3);
            db.setAutoCommit(false);
            plain.execute("INSERT INTO t (v) VALUES ('gone')");
            db.rollback();
            db.setAutoCommit(true);
            int duplicate = 0;
            try (PreparedStatement again = db.prepareStatement("INSERT INTO t (id) VALUES (?)")) {
                again.setLong(1, inserted);
                again.executeUpdate();
            } catch (SQLException error) {
                duplicate = error.getErrorCode();
            }
            int rows = 0, letters = 0;
            ResultSet many = plain.executeQuery("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i, REPEAT('x', 1000) FROM n");
            while (many.next()) {
                rows++;
                letters += many.getString(2).length();
            }
            long length;
            try (PreparedStatement measure = db.prepareStatement("SELECT LENGTH(?)")) {
                measure.setString(1, "y".repeat(1_000_000));
                ResultSet measured = measure.executeQuery();
                measured.next();
                length = measured.getLong(1);
            }
            out.printf(
                "{\"step\":\"done\",\"text\":\"%s\",\"bytes\":\"%s\",\"number\":\"%s\",\"variable\":%d,\"zone\":\"%s\",\"schema\":\"%s\",\"same\":%b,\"kept\":%d,\"duplicate\":%d,\"rows\":%d,\"letters\":%d,\"length\":%d}%n",
                text, hex, decimal, variable, zone, inUse, before == after, number(plain, "SELECT COUNT(*) FROM t"), duplicate, rows, letters, length);
        }
    }

    private static long number(Statement statement, String sql) throws SQLException {
        try (ResultSet result = statement.executeQuery(sql)) {
            result.next();
            return result.getLong(1);
        }
    }
}
