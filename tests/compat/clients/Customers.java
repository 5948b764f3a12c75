// The customers session through the Java driver. Arguments: HOST PORT STAGE.
import com.datastax.oss.driver.api.core.AllNodesFailedException;
import com.datastax.oss.driver.api.core.ConsistencyLevel;
import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.DefaultConsistencyLevel;
import com.datastax.oss.driver.api.core.config.DefaultDriverOption;
import com.datastax.oss.driver.api.core.config.DriverConfigLoader;
import com.datastax.oss.driver.api.core.cql.ColumnDefinition;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import com.datastax.oss.driver.api.core.cql.ResultSet;
import com.datastax.oss.driver.api.core.cql.Row;
import com.datastax.oss.driver.api.core.cql.SimpleStatement;
import com.datastax.oss.driver.api.core.cql.Statement;
import com.datastax.oss.driver.api.core.servererrors.UnavailableException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.StringJoiner;

public class Customers {
    static final StringJoiner answer = new StringJoiner(",", "{", "}");

    static String quoted(Object o) {
        return o instanceof Number ? o.toString() : "\"" + o + "\"";
    }

    static String unavailable(CqlSession session, Statement<?> statement) {
        try {
            session.execute(statement);
            return quoted("done");
        } catch (AllNodesFailedException all) { // it had asked for another node
            UnavailableException e = (UnavailableException)
                all.getAllErrors().values().iterator().next().get(0);
            return "[" + e.getRequired() + "," + e.getAlive() + "]";
        }
    }

    static void write(CqlSession session) {
        session.execute("CREATE KEYSPACE customers_ks WITH REPLICATION = "
            + "{'class':'SimpleStrategy','replication_factor':3}");
        session.execute("USE customers_ks");
        session.execute("CREATE TABLE Customers(customer_id int PRIMARY KEY, firstname text, "
            + "lastname text)");
        session.execute("INSERT INTO Customers(customer_id, firstname, lastname) "
            + "VALUES(1, 'John', 'Doe')");
        session.execute("INSERT INTO Customers(customer_id, firstname, lastname) "
            + "VALUES(2, 'Jane', 'Doe')");
        PreparedStatement insert = session.prepare(
            "INSERT INTO Customers(customer_id, firstname, lastname) VALUES(?, ?, ?)");
        session.execute(insert.bind(3, "Local", "Prepared")
            .setConsistencyLevel(DefaultConsistencyLevel.LOCAL_ONE));
        session.execute(insert.bind(4, "Any", "Prepared")
            .setConsistencyLevel(DefaultConsistencyLevel.ANY));
        session.execute(insert.bind(5, "Zoë", "Prepared"));
        ConsistencyLevel quorum = DefaultConsistencyLevel.QUORUM;
        answer.add("\"unavailable_write\":" + unavailable(session,
            insert.bind(9, "Never", "").setConsistencyLevel(quorum)));
        answer.add("\"unavailable_read\":" + unavailable(session,
            SimpleStatement.newInstance("SELECT * FROM Customers").setConsistencyLevel(quorum)));
    }

    static void read(CqlSession session) {
        ResultSet all = session.execute("SELECT * FROM customers_ks.Customers");
        StringJoiner columns = new StringJoiner(",", "[", "]"), rows = new StringJoiner(",", "[", "]");
        for (ColumnDefinition c : all.getColumnDefinitions())
            columns.add(quoted(c.getName().asInternal()));
        for (Row row : all) {
            StringJoiner values = new StringJoiner(",", "[", "]");
            for (int i = 0; i < row.size(); i++)
                values.add(quoted(row.getObject(i)));
            rows.add(values.toString());
        }
        PreparedStatement one = session.prepare(
            "SELECT firstname FROM customers_ks.Customers WHERE customer_id = ?");
        answer.add("\"columns\":" + columns).add("\"rows\":" + rows);
        answer.add("\"prepared\":" + quoted(session.execute(one.bind(5)).one().getString(0)));
    }

    public static void main(String[] args) throws Exception {
        try (CqlSession session = CqlSession.builder()
                .addContactPoint(new InetSocketAddress(args[0], Integer.parseInt(args[1])))
                .withLocalDatacenter("datacenter1")
                .withConfigLoader(DriverConfigLoader.programmaticBuilder()
                    .withString(DefaultDriverOption.REQUEST_CONSISTENCY, "ONE")
                    .withBoolean(DefaultDriverOption.REQUEST_WARN_IF_SET_KEYSPACE, false)
                    .withDuration(DefaultDriverOption.REQUEST_TIMEOUT, Duration.ofSeconds(10))
                    .build())
                .build()) {
            if (args[2].equals("write"))
                write(session);
            read(session);
        }
        new PrintStream(System.out, true, StandardCharsets.UTF_8).println(answer);
    }
}
