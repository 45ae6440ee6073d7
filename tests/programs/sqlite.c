/* SPDX-License-Identifier: MIT */
/*
 * SQLite with its file mapped: one process inserts ten thousand rows while another reads what is there.
 *
 *	sqlite delete|wal write		make the database, check it while it grows and once more when it is opened again
 *	sqlite delete|wal check		only the last: PRAGMA integrity_check and the sum of all rows
 *
 * With the journal DELETE the two exclude each other by record locks; with WAL they meet in the wal-index, a file that
 * both map. The reader must see whole transactions and never fewer rows than before.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "in_step.h"

#define ROWS 10000
#define BATCH 100
#define NAME "rows.db"

static const char *journal;

static void die(sqlite3 *db, const char *what)
{
	printf("%s: %s\n", what, db ? sqlite3_errmsg(db) : "wrong");
	fflush(stdout);
	_exit(1);
}

static void run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		die(db, sql);
}

/* The one value that `sql` gives, as text. */
static const char *ask(sqlite3 *db, const char *sql)
{
	static char answer[200];
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
		die(db, sql);
	snprintf(answer, sizeof(answer), "%s", (const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	return answer;
}

static sqlite3 *open_database(void)
{
	char sql[100];
	sqlite3 *db;

	if (sqlite3_open(NAME, &db) != SQLITE_OK)
		die(db, "open");
	sqlite3_busy_timeout(db, 60000);
	snprintf(sql, sizeof(sql), "PRAGMA journal_mode = %s", journal);
	if (strcmp(ask(db, sql), journal) != 0)
		die(NULL, sql);
	if (strcmp(ask(db, "PRAGMA mmap_size = 268435456"), "268435456") != 0)
		die(NULL, "mmap_size");
	return db;
}

static void write_all(sqlite3 *db)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(db, "INSERT INTO t VALUES (?1, printf('row %d', ?1), zeroblob(?1 % 200))", -1, &s,
	                       NULL) != SQLITE_OK)
		die(db, "prepare");
	for (int i = 0; i < ROWS;) {
		run(db, "BEGIN IMMEDIATE");
		do {
			sqlite3_bind_int(s, 1, i);
			if (sqlite3_step(s) != SQLITE_DONE)
				die(db, "insert");
			sqlite3_reset(s);
		} while (++i % BATCH);
		run(db, "COMMIT");
		if (i % (ROWS / 10) == 0 && !in_step_wait())
			die(NULL, "the reader");
	}
	sqlite3_finalize(s);
}

/* The rows are 0 ... n-1, so their sum and the lengths of their texts follow from n. */
static int count_rows(sqlite3 *db)
{
	long n, sum, good;

	if (sscanf(ask(db, "SELECT count(*) || ' ' || ifnull(sum(id), 0) || ' ' || "
			   "ifnull(sum(name = 'row ' || id AND length(data) = id % 200), 0) FROM t"),
		   "%ld %ld %ld", &n, &sum, &good) != 3 || sum != n * (n - 1) / 2 || good != n || n % BATCH)
		die(NULL, "the rows");
	return (int)n;
}

static void read_along(void)
{
	sqlite3 *db = open_database();
	int n, before = 0, times = 0;

	do {
		n = count_rows(db);
		if (n < before)
			die(NULL, "fewer rows than before");
		if (n > before && ++times && !in_step_has_grown())
			die(NULL, "the writer");
		before = n;
	} while (n < ROWS);
	printf("the reader saw it grow %s\n", times < 10 ? "too seldom" : "ten times or more");
	sqlite3_close(db);
}

static void write_and_read(void)
{
	sqlite3 *db = open_database();
	int status;

	run(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, data BLOB); CREATE INDEX by_name ON t (name)");
	sqlite3_close(db);
	if (in_step_begin() != 0)
		die(NULL, "pipe");
	pid_t reader = fork(); /* with no database open: a connection may not pass a fork */
	if (reader == 0) {
		in_step_reader();
		read_along();
		exit(0);
	}
	in_step_writer();
	db = open_database();
	write_all(db);
	sqlite3_close(db);
	if (waitpid(reader, &status, 0) != reader || status != 0)
		die(NULL, "the reader");
}

static void check(void)
{
	sqlite3 *db = open_database();

	printf("opened again: %d rows, ", count_rows(db));
	printf("journal %s, ", ask(db, "PRAGMA journal_mode"));
	printf("integrity %s\n", ask(db, "PRAGMA integrity_check"));
	sqlite3_close(db);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	journal = argv[1];
	if (strcmp(argv[2], "write") == 0)
		write_and_read();
	check();
	return 0;
}
