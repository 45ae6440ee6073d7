/* SPDX-License-Identifier: MIT */
/*
 * LMDB, which lives in mappings: one process inserts ten thousand records while another reads what is there.
 *
 *	lmdb [writemap] write	make the database, check it while it grows and once more when it is opened again
 *	lmdb [writemap] check	only the last: walk all of it
 *
 * The reader must see whole transactions, never fewer records than before, and each record as it was written. The two
 * meet in LMDB's lock file: robust mutexes and a table of readers in a shared mapping, and record locks.
 */
#include <lmdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "in_step.h"

#define RECORDS 10000
#define BATCH 100
#define FOLDER "lmdb"

static unsigned flags;

static void must(int error, const char *what)
{
	if (error) {
		printf("%s: %s\n", what, mdb_strerror(error));
		fflush(stdout);
		_exit(1);
	}
}

/* Record number i: its length and its bytes follow from the number. */
static size_t record(unsigned i, unsigned char *bytes)
{
	size_t len = 8 + i * 37 % 300;

	memset(bytes, (int)(i * 7 + 1), len);
	memcpy(bytes, &i, sizeof(i));
	return len;
}

static MDB_env *open_database(void)
{
	MDB_env *env;

	must(mdb_env_create(&env), "mdb_env_create");
	must(mdb_env_set_mapsize(env, 64u << 20), "mdb_env_set_mapsize");
	must(mdb_env_open(env, FOLDER, flags, 0644), "mdb_env_open");
	return env;
}

static void write_all(void)
{
	MDB_env *env = open_database();
	unsigned char bytes[400];
	MDB_txn *txn;
	MDB_dbi dbi;

	for (unsigned i = 0; i < RECORDS;) {
		must(mdb_txn_begin(env, NULL, 0, &txn), "mdb_txn_begin");
		must(mdb_dbi_open(txn, NULL, 0, &dbi), "mdb_dbi_open");
		do {
			uint32_t name = i * 2654435761u; /* scattered over the tree */
			MDB_val key = { sizeof(name), &name }, value = { record(i, bytes), bytes };
			must(mdb_put(txn, dbi, &key, &value, MDB_NOOVERWRITE), "mdb_put");
		} while (++i % BATCH);
		must(mdb_txn_commit(txn), "mdb_txn_commit");
		if (i % (RECORDS / 10) == 0 && !in_step_wait())
			must(MDB_PANIC, "the reader");
	}
	mdb_env_close(env);
}

/* -> how many records there are; ends the process when one is wrong. */
static unsigned walk(MDB_env *env)
{
	unsigned char want[400];
	unsigned count = 0;
	MDB_val key, value;
	MDB_cursor *cursor;
	MDB_txn *txn;
	MDB_dbi dbi;
	int error;

	must(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), "mdb_txn_begin to read");
	must(mdb_dbi_open(txn, NULL, 0, &dbi), "mdb_dbi_open to read");
	must(mdb_cursor_open(txn, dbi, &cursor), "mdb_cursor_open");
	while ((error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		uint32_t name, i;
		memcpy(&name, key.mv_data, sizeof(name));
		memcpy(&i, value.mv_data, sizeof(i));
		if (name != i * 2654435761u || value.mv_size != record(i, want) || memcmp(value.mv_data, want, value.mv_size))
			must(MDB_CORRUPTED, "a record");
		count++;
	}
	must(error == MDB_NOTFOUND ? 0 : error, "mdb_cursor_get");
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	return count;
}

static void read_along(void)
{
	MDB_env *env = open_database();
	unsigned before = 0, count, times = 0;

	do {
		count = walk(env);
		if (count < before || count % BATCH)
			must(MDB_CORRUPTED, "part of a transaction");
		if (count > before && ++times && !in_step_has_grown())
			must(MDB_PANIC, "the writer");
		before = count;
	} while (count < RECORDS);
	printf("the reader saw it grow %s\n", times < 10 ? "too seldom" : "ten times or more");
	mdb_env_close(env);
}

static void write_and_read(void)
{
	int status;

	must(mkdir(FOLDER, 0755), "mkdir");
	must(in_step_begin(), "pipe");
	pid_t reader = fork(); /* before the database is open: a descriptor of it may not pass a fork */
	if (reader == 0) {
		in_step_reader();
		read_along();
		exit(0);
	}
	in_step_writer();
	write_all();
	must(waitpid(reader, &status, 0) != reader || status != 0, "the reader");
}

static void check(void)
{
	MDB_env *env = open_database();
	MDB_envinfo info;
	MDB_stat stat;
	int dead;

	must(mdb_env_stat(env, &stat), "mdb_env_stat");
	must(mdb_env_info(env, &info), "mdb_env_info");
	must(mdb_reader_check(env, &dead), "mdb_reader_check");
	printf("opened again: %u records walked, %zu counted, depth %u, transaction %zu, dead readers %d\n", walk(env),
	       stat.ms_entries, stat.ms_depth, info.me_last_txnid, dead);
	mdb_env_close(env);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "writemap") == 0) {
		flags = MDB_WRITEMAP;
		argc--;
		argv++;
	}
	if (argc > 1 && strcmp(argv[1], "write") == 0)
		write_and_read();
	check();
	return 0;
}
