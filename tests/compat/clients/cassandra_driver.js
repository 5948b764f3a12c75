// The customers session through npm's cassandra-driver. Arguments: HOST PORT STAGE.
const { Client, policies, types } = require('cassandra-driver');

const [host, port, stage] = process.argv.slice(2);
const client = new Client({
  contactPoints: [`${host}:${port}`], localDataCenter: 'datacenter1',
  queryOptions: { consistency: types.consistencies.one },
  policies: { retry: new policies.retry.FallthroughRetryPolicy() },
});
const answer = { warnings: [] };
client.on('log', (level, name, text) => {
  if (level === 'warning' || level === 'error') answer.warnings.push(`${name}: ${text}`);
});
const level = types.consistencies;

async function unavailable(query, params, consistency) {
  try {
    await client.execute(query, params, { consistency });
    return 'done';
  } catch (e) {
    return e.code === types.responseErrorCodes.unavailableException
      ? [e.required, e.alive] : String(e);
  }
}

async function write() {
  await client.execute("CREATE KEYSPACE customers_ks WITH REPLICATION = " +
    "{'class':'SimpleStrategy','replication_factor':3}");
  await client.execute('USE customers_ks');
  await client.execute('CREATE TABLE Customers(customer_id int PRIMARY KEY, ' +
    'firstname text, lastname text)');
  await client.execute("INSERT INTO Customers(customer_id, firstname, lastname) " +
    "VALUES(1, 'John', 'Doe')");
  await client.execute("INSERT INTO Customers(customer_id, firstname, lastname) " +
    "VALUES(2, 'Jane', 'Doe')");
  const insert = 'INSERT INTO Customers(customer_id, firstname, lastname) VALUES(?, ?, ?)';
  for (const [id, first, consistency] of
    [[3, 'Local', level.localOne], [4, 'Any', level.any], [5, 'Zoë', level.one]]) {
    await client.execute(insert, [id, first, 'Prepared'], { prepare: true, consistency });
  }
  answer.unavailable_write = await unavailable(
    "INSERT INTO Customers(customer_id, firstname) VALUES(9, 'Never')", [], level.quorum);
  answer.unavailable_read = await unavailable('SELECT * FROM Customers', [], level.quorum);
}

async function read() {
  const key = 'customers_ks.Customers';
  const all = await client.execute(`SELECT * FROM ${key}`);
  answer.columns = all.columns.map((c) => c.name);
  answer.rows = all.rows.map((r) => [r.customer_id, r.firstname, r.lastname]);
  const one = await client.execute(`SELECT firstname FROM ${key} WHERE customer_id = ?`, [5],
    { prepare: true, consistency: level.localOne });
  answer.prepared = one.first().firstname;
}

(async () => {
  await client.connect();
  if (stage === 'write') await write();
  await read();
  await client.shutdown();
  console.log(JSON.stringify(answer));
})().catch((e) => { console.error(e); process.exit(1); });
