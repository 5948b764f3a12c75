// The customers session through npm's helenus: CQL 3 over Thrift. Arguments: HOST PORT STAGE.
// helenus was written for a Node.js whose process had an EventEmitter. It fills parameters in
// itself, so that there is nothing prepared here.
process.EventEmitter = require('events').EventEmitter;
const helenus = require('helenus');

const [host, port, stage] = process.argv.slice(2);
const ONE = 1, QUORUM = 2, ANY = 6, LOCAL_ONE = 11;
const answer = { warnings: [] };
const open = (keyspace) => new Promise((done, failed) => {
  const pool = new helenus.ConnectionPool({
    hosts: [`${host}:${port}`], keyspace, cqlVersion: '3.0.0', timeout: 10000,
    consistencylevel: ONE,
  });
  pool.on('error', (e) => answer.warnings.push(String(e)));
  pool.connect((e) => (e ? failed(e) : done(pool)));
});
const cql = (pool, query, params, consistencyLevel = ONE) => new Promise((done, failed) =>
  pool.cql(query, params || [], { consistencyLevel }, (e, rows) => (e ? failed(e) : done(rows))));

async function unavailable(pool, query) {
  try {
    await cql(pool, query, [], QUORUM);
    return 'done';
  } catch (e) {
    return e.name === 'HelenusUnavailableException' ? 'unavailable' : `${e.name}: ${e.message}`;
  }
}

async function write(pool) {
  await cql(pool, "CREATE KEYSPACE customers_ks WITH REPLICATION = " +
    "{'class':'SimpleStrategy','replication_factor':3}");
  await cql(pool, 'USE customers_ks');
  await cql(pool, 'CREATE TABLE Customers(customer_id int PRIMARY KEY, firstname text, ' +
    'lastname text)');
  await cql(pool, "INSERT INTO Customers(customer_id, firstname, lastname) " +
    "VALUES(1, 'John', 'Doe')");
  await cql(pool, "INSERT INTO Customers(customer_id, firstname, lastname) " +
    "VALUES(2, 'Jane', 'Doe')");
  const insert = 'INSERT INTO Customers(customer_id, firstname, lastname) VALUES(?, ?, ?)';
  for (const [id, first, level] of [[3, 'Local', LOCAL_ONE], [4, 'Any', ANY], [5, 'Zoë', ONE]]) {
    await cql(pool, insert, [id, first, 'Prepared'], level);
  }
  answer.unavailable_write = await unavailable(pool,
    "INSERT INTO Customers(customer_id, firstname) VALUES(9, 'Never')");
  answer.unavailable_read = await unavailable(pool, 'SELECT * FROM Customers');
}

async function read() {
  const pool = await open('customers_ks');
  const all = await cql(pool, 'SELECT * FROM Customers');
  answer.columns = Array.from(all[0], (column) => column.name);
  answer.rows = all.map((row) => ['customer_id', 'firstname', 'lastname'].map(
    (name) => row.get(name).value));
  const one = await cql(pool, 'SELECT firstname FROM Customers WHERE customer_id = ?', [5]);
  answer.prepared = one[0].get('firstname').value;
  pool.close();
}

(async () => {
  if (stage === 'write') {
    const pool = await open();
    await write(pool);
    pool.close();
  }
  await read();
  console.log(JSON.stringify(answer));
  process.exit(0);
})().catch((e) => { console.error(e); process.exit(1); });
