# SPDX-License-Identifier: MIT
# Programs with shared libraries, found by the dynamic linker: perl, mawk, sqlite3, LMDB's tools, tcc, file, memtester, stress-ng.
perl -e 'print "perl $]\n"; pipe(R, W); if (!fork) { close R; print W "by a pipe\n"; exit 3 } close W; print <R>; wait; print $? >> 8, "\n"'
perl -e '%h = map { $_ => $_ ** 2 } 1 .. 50000; $s += $_ for values %h; print "$s\n"; open(F, ">f"); print F "$_\n" for sort { $b <=> $a } keys %h; close F; print -s "f", "\n"'
perl -e '$SIG{ALRM} = sub { die "alarm\n" }; alarm 1; eval { select(undef, undef, undef, 60) }; print $@; kill TERM => $$ if !fork; wait; print $?, "\n"'
mawk '{ s += $1; n[$1 % 7]++ } END { print s, n[3]; while (("echo by a shell" | getline l) > 0) print l }' f
sqlite3 d.db 'pragma journal_mode = wal; pragma mmap_size = 67108864; create table t (a integer primary key, b text);
	with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000) insert into t select i, hex(i * i) from n;
	select count(*), sum(a), max(b) from t; pragma integrity_check;'
sqlite3 d.db .dump | md5sum; sqlite3 d.db 'select b from t where a = 77; delete from t where a > 5; vacuum; select group_concat(b) from t'; stat -c %s d.db
mkdir m copy; (echo VERSION=3; echo format=print; echo type=btree; echo HEADER=END; for i in $(seq 500); do echo " key$i"; echo " value $i"; done; echo DATA=END) | mdb_load m
mdb_stat m | grep Entries; mdb_dump -p m | tail -n 3; mdb_copy m copy && mdb_dump -p copy | md5sum; mdb_stat -r m
cat >fib.c <<'END'
int printf(const char *, ...);
static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
int main(int n, char **v) { return printf("%s of %d: %d\n", v[1], n, fib(20)) < 0; }
END
tcc -nostdinc -run fib.c run; tcc -nostdinc -o fib fib.c && ./fib built; tcc -nostdinc -c fib.c && file -b fib.o
file -b d.db fib.c | cut -d, -f1; gzip -c f >f.gz; file -b f.gz | cut -d, -f1; memtester 1M 1 >/dev/null; echo $?
for s in mprotect brk fault munmap mmapaddr; do stress-ng --$s 1 --$s-ops 5 -q >/dev/null; echo $s $?; done
