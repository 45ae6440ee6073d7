# SPDX-License-Identifier: MIT
# Tools of programmers and of who measures disks: gcc with its linker, make -j, git, compressors with threads, fio.
exec 2>&1
cat >main.c <<'END'
typedef unsigned long pthread_t;
int printf(const char *, ...), part(int), pthread_join(pthread_t, void **);
int pthread_create(pthread_t *, const void *, void *(*)(void *), void *);
static void *work(void *n) { *(int *)n = part(*(int *)n); return n; }
int main(void)
{
	pthread_t t[4];
	int n[4] = { 1, 2, 3, 4 };

	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], 0, work, &n[i]);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], 0), printf("%d\n", n[i]);
	return 7;
}
END
echo 'int part(int n) { int s = 0; for (int i = 1; i <= 100; i++) s += i * n; return s; }' >part.c
printf 'main: main.o part.o\n\tgcc -o $@ $^\n%%.o: %%.c\n\tgcc -O2 -Wall -pipe -c $<\n' >Makefile
export GCC_EXEC_PREFIX=/usr/lib/gcc/
make -s -j4 && ./main; echo "main $?"; make -q; echo "make $?"; echo 'int main(void) { return x; }' | gcc -xc -c -o /dev/null - | grep -c error
export GIT_CONFIG_NOSYSTEM=1 HOME=$PWD GIT_AUTHOR_DATE='2020-02-02 00:00:00 +0000' GIT_COMMITTER_DATE='2020-02-02 00:00:00 +0000'
git config --global user.name n; git config --global user.email a@b; git config --global init.defaultBranch main
git init -q --template= d; cd d
for i in 1 2 3 4 5 6; do seq $i 3000 >f$i; git add f$i; git commit -q -m "the $i."; done
git log --format='%h %s'; git gc -q; git fsck --full --strict; git count-objects -v | grep -E 'count|packs|garbage'
git clone -q --template= "$PWD" ../e; cd ../e; echo more >>f3; git commit -q -a -m more; git diff --stat HEAD~2 | tail -n 1
git checkout -q -b side HEAD~3; echo other >g; git add g; git commit -q -m side; git rebase -q main; git log --format='%h %s' | head -n 2; git status -s
cd ..; seq 60000 >n; md5sum <n; pigz -p 3 <n | pigz -d | md5sum; zstd -q -T3 <n | zstd -q -d | md5sum; xz -T3 -1 --block-size=64KiB <n | xz -d | md5sum
for e in psync mmap; do
	fio --name=v --ioengine=$e --rw=randrw --bs=4k --size=2m --numjobs=2 --verify=crc32c --fallocate=none --minimal >log; echo "fio $e $?"
	fio --name=v --ioengine=$e --rw=randwrite --bs=4k --size=1m --thread --numjobs=2 --fsync=16 --verify=sha1 --minimal >log; echo "threads $?"
done
cmp v.0.0 v.1.0 >/dev/null; echo $?; stat -c '%n %s' v.?.0
