// The customers session through gocql. Arguments: HOST PORT STAGE.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gocql/gocql"
)

type answer struct {
	Columns          []string        `json:"columns"`
	Rows             [][]interface{} `json:"rows"`
	Prepared         string          `json:"prepared"`
	UnavailableWrite interface{}     `json:"unavailable_write"`
	UnavailableRead  interface{}     `json:"unavailable_read"`
	Warnings         []string        `json:"warnings"`
}

// Whatever gocql logs is a complaint.
type complaints struct{ lines []string }

func (c *complaints) Print(v ...interface{}) { c.lines = append(c.lines, fmt.Sprint(v...)) }
func (c *complaints) Printf(f string, v ...interface{}) {
	c.lines = append(c.lines, strings.TrimSpace(fmt.Sprintf(f, v...)))
}
func (c *complaints) Println(v ...interface{}) { c.lines = append(c.lines, fmt.Sprintln(v...)) }

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func unavailable(err error) interface{} {
	var e *gocql.RequestErrUnavailable
	if errors.As(err, &e) {
		return []int{e.Required, e.Alive}
	}
	return fmt.Sprint(err)
}

func connect(keyspace string, log gocql.StdLogger) *gocql.Session {
	cluster := gocql.NewCluster(os.Args[1])
	port, err := strconv.Atoi(os.Args[2])
	check(err)
	cluster.Port = port
	cluster.Keyspace = keyspace
	cluster.Consistency = gocql.One
	cluster.Timeout = 10 * time.Second
	cluster.ConnectTimeout = 10 * time.Second
	cluster.PoolConfig.HostSelectionPolicy =
		gocql.TokenAwareHostPolicy(gocql.RoundRobinHostPolicy(), gocql.ShuffleReplicas())
	cluster.Logger = log
	session, err := cluster.CreateSession()
	check(err)
	return session
}

const insert = `INSERT INTO Customers(customer_id, firstname, lastname) VALUES(?, ?, ?)`

func write(a *answer, log gocql.StdLogger) {
	session := connect("", log)
	check(session.Query(`CREATE KEYSPACE customers_ks WITH REPLICATION =
		{'class':'SimpleStrategy','replication_factor':3}`).Exec())
	session.Close()
	session = connect("customers_ks", log) // gocql refuses USE
	defer session.Close()
	for _, text := range []string{
		`CREATE TABLE Customers(customer_id int PRIMARY KEY, firstname text, lastname text)`,
		`INSERT INTO Customers(customer_id, firstname, lastname) VALUES(1, 'John', 'Doe')`,
		`INSERT INTO Customers(customer_id, firstname, lastname) VALUES(2, 'Jane', 'Doe')`,
	} {
		check(session.Query(text).Exec())
	}
	for _, row := range []struct {
		id    int
		first string
		level gocql.Consistency
	}{{3, "Local", gocql.LocalOne}, {4, "Any", gocql.Any}, {5, "Zoë", gocql.One}} {
		check(session.Query(insert, row.id, row.first, "Prepared").Consistency(row.level).Exec())
	}
	a.UnavailableWrite = unavailable(
		session.Query(insert, 9, "Never", "").Consistency(gocql.Quorum).Exec())
	a.UnavailableRead = unavailable(
		session.Query(`SELECT * FROM Customers`).Consistency(gocql.Quorum).Exec())
}

func read(a *answer, log gocql.StdLogger) {
	session := connect("customers_ks", log)
	defer session.Close()
	iter := session.Query(`SELECT * FROM Customers`).Iter()
	for _, column := range iter.Columns() {
		a.Columns = append(a.Columns, column.Name)
	}
	var id int
	var first, last string
	for iter.Scan(&id, &first, &last) {
		a.Rows = append(a.Rows, []interface{}{id, first, last})
	}
	check(iter.Close())
	check(session.Query(`SELECT firstname FROM Customers WHERE customer_id = ?`, 5).
		Consistency(gocql.LocalOne).Scan(&a.Prepared))
}

func main() {
	a, log := &answer{}, &complaints{}
	if os.Args[3] == "write" {
		write(a, log)
	}
	read(a, log)
	a.Warnings = append([]string{}, log.lines...)
	check(json.NewEncoder(os.Stdout).Encode(a))
}
