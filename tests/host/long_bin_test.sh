#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs the command lines below with the programs of user/bin and with those of this machine (GNU), each
# in a directory of its own with the same files, and compares standard output, exit status and what the
# directory holds afterwards. A command that gives a message with one must give one with the other.
#
#	tests/host/long_bin_test.sh [-d DIRECTORY] [LINE...]
#
# Without -d the programs are built for this machine below $ATLAS_BUILD/host/bin.

root=$(cd "$(dirname "$0")/../.." && pwd)
ours=${ATLAS_BUILD:-$root/build}/host/bin
if [ "$1" = -d ]; then
	ours=$(readlink -f "$2")
	shift 2
else
	mkdir -p "$ours" || exit 1
	for source in "$root"/user/bin/*.c; do
		cc -std=gnu11 -O1 -g -Wall -Wextra -Werror -fsanitize=address,undefined \
			-fno-sanitize-recover=undefined "$source" -o "$ours/$(basename "$source" .c)" || {
			echo "not ok 1 - $(basename "$source") compiles for this machine"
			exit 1
		}
	done
	ln -sf test "$ours/["
	export ASAN_OPTIONS=detect_leaks=0
fi
ls --version 2>/dev/null | grep -q GNU || {
	echo "ok 1 - long_bin_test # SKIP the programs of this machine are not GNU's"
	exit 0
}

work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
number=0 failed=0

# The files every command line finds.
prepare() {
	mkdir -p "$1/d/e" "$1/empty" && cd "$1" || exit
	printf 'one\ntwo\nthree\nfour\n' >f
	printf 'banana 3\napple 10\ncherry 2\napple 10\nBanana 1\n' >fruit
	printf 'no newline at the end' >n
	: >z
	printf 'a\000b\001\377\n' >bin
	i=0
	while [ $i -lt 300 ]; do echo "line $i of many"; i=$((i + 1)); done >long
	head -c 200000 /dev/zero >zeros
	echo inner >d/g
	echo deep >d/e/h
	ln -s f link
	ln -s nowhere dangling
	printf '10\n9\n-5\n2.5\n2.25\nabc\n\n0\n007\n' >numbers
	printf 'x:3:c\ny:1:a\nz:2:b\n' >table
	chmod 644 f
	touch -d @1000000000 f fruit n z bin long zeros d/g d/e/h numbers table
	touch -h -d @1000000000 link dangling
	touch -d @1000000000 d/e d empty
}

# run NAME PATH LINE
run() {
	(
		cp -a "$work/files" "$work/dir" && cd "$work/dir" || exit
		LC_ALL=C TZ=UTC0 PATH="$2" timeout 200 /bin/sh -c "umask 022; $3" <f >"$work/$1.out" 2>"$work/$1.err"
		echo "status $?" >>"$work/$1.out"
		if [ -s "$work/$1.err" ]; then echo message; fi >>"$work/$1.out"
		# GNU programs do not agree on a status for wrong usage; here it is 2.
		grep -Eq "^(Try '.*help|Usage:)" "$work/$1.err" && sed -i 's/^status 1$/status 2/' "$work/$1.out"
		find . -printf '%p %M %n %l\n' | sort >"$work/$1.tree"
		find . -type f -print0 | sort -z | xargs -0 cksum >>"$work/$1.tree"
	)
	rm -rf "$work/dir"
}

check() {
	number=$((number + 1))
	run want "$PATH" "$1"
	run have "$ours:$PATH" "$1"
	if cmp -s "$work/want.out" "$work/have.out" && cmp -s "$work/want.tree" "$work/have.tree"; then
		printf '%s\n' "ok $number - $1"
		return
	fi
	failed=$((failed + 1))
	printf '%s\n' "not ok $number - $1"
	diff "$work/want.out" "$work/have.out" | head -n 10 | sed 's/^/# /'
	diff "$work/want.tree" "$work/have.tree" | head -n 10 | sed 's/^/# /'
	head -c 2000 "$work/have.err" | sed 's/^/# have: /'
	head -c 300 "$work/want.err" | sed 's/^/# want: /'
}

(prepare "$work/files")
if [ $# -gt 0 ]; then
	for line; do check "$line"; done
	[ "$failed" -eq 0 ]
	exit
fi

while IFS= read -r line <&3; do
	case $line in
	'' | '#'*) ;;
	*) check "$line" ;;
	esac
done 3<<'EOF'
# cat
cat f n z bin
cat - n <fruit
cat nothing f
cat d
cat
cat f >>f
# echo printf
env echo -n a b
env echo -e 'a\tb\\c\0101\x41' '\c' never
env echo -E 'a\tb' -n
env echo -nx -- -e
env printf '%5s|%-5s|%.2s|%05d|%x|%o|%c|%%\n' a b cde 42 255 8 xyz
env printf '%s %d\n' a 1 b 2 c
env printf '%d\n' abc
env printf '%b' 'x\ny\0101\cz' more
env printf
env printf '\x41\101\t|\n'
# ls
ls
ls -a
ls -A
ls -1 d
ls -l f fruit
ls -ld d link
ls -R
ls -r
ls -S
ls -F
ls -lF link
ls d empty
ls nothing
ls f nothing d
ls -ln f
ls -d d empty f
ls -lh zeros long
ls -n dangling
ls link dangling
# cp
cp f new
cp f d
cp f d/g
cp f fruit d
cp f fruit nothing
cp d new
cp -r d new
cp -r d empty
cp f f
cp link new
cp -r link new
cp nothing new
cp f nowhere/x
cp
cp f
chmod 400 z; cp -f f z; ls -l z
# mv
mv f new
mv f d
mv f fruit empty
mv d empty
mv d new
mv f fruit
mv nothing x
mv f nowhere/x
mv f fruit z
mv link new; ls -l new
# rm
rm f fruit
rm nothing
rm -f nothing f
rm d
rm -r d
rm -rf d nothing
rm link dangling
rm
rm -f
rm -r .
rm -r d/..
# mkdir rmdir
mkdir new
mkdir new/a
mkdir -p new/a/b/c
mkdir -p d/e
mkdir d
mkdir f
mkdir -p f/x
mkdir -m 700 new
mkdir -p new//a/
rmdir empty
rmdir d
rmdir nothing f
mkdir -p p/q; rmdir -p p/q
# ln
ln f new
ln -s f new
ln -s f link
ln -sf fruit link
ln f fruit
ln -f f fruit
ln nothing new
ln f fruit d
ln -s d/g
ln -s ../f ../fruit d
ln d new
ln -sfn f d
# wc
wc f
wc f n long
wc -l <f
wc -lw f fruit
wc -c zeros
wc z
cat f | wc
wc nothing f
wc d
wc bin
# head tail
head -n 2 f
head -n 1 f fruit
head -c 5 f
head -n 0 f
head -3 long
head nothing f
head long
tail -n 2 f
tail -n 1 f fruit
tail -c 5 f
tail -n +3 f
tail -c +10 f
tail -n 0 f
tail -3 long
tail -n 5 n
tail long
cat long | tail -n 3
tail -n 100000 long
tail nothing
{ head -n 1 >/dev/null; cat; } <long | wc -l
# cmp
cmp f f
cmp f fruit
cmp -s f fruit
cmp -l f n | sed 's/^ *//'
cmp f nothing
cmp z f
head -c 9 f >g; cmp f g
head -c 8 f >g; cmp f g
head -c 5 f >g; cmp g f
cmp f - <f
# hexdump: no GNU program of that name; od gives the same bytes in test below
# uniq
sort fruit | uniq
sort fruit | uniq -c
sort fruit | uniq -d
sort fruit | uniq -u
printf 'a\nA\na' | uniq -i
uniq nothing
uniq z
# sort
sort fruit
sort -r fruit
sort -u fruit
sort -n numbers
sort -rn numbers
sort -k 2n fruit
sort -k 2 -n fruit
sort -t : -k 2 table
sort -t : -k 3 -r table
sort -f fruit
sort f fruit
sort -o f f
sort nothing
sort n f
sort -un numbers
sort -s -k 2n fruit
# grep
grep o f
grep -v o f
grep -n o f fruit
grep -c o f fruit
grep -i banana fruit
grep -l o f fruit n z
grep -q o f
grep nothere f
grep o nothing f
grep -s o nothing f
grep '^t' f
grep 'e$' f
grep '^$' numbers
grep 't.o' f
grep 't*h' f
grep '[ab]p*' fruit
grep '[^a-z]' fruit
grep -E 'one|four' f
grep -E '(an)+a' fruit
grep -E 'e{2}' f
grep -E 'e{1,2}$' f
grep -E '^(t|f)[a-z]+$' f
grep '\(an\)*a' fruit
grep 'e\{2\}' f
grep 'one\|two' f
grep -F '.' numbers
grep -F 'a*' fruit
grep -e one -e two f
grep -w line long | head -n 2
grep -w lin long
grep -x one f
grep -o 'an' fruit
grep -o '[0-9]*' fruit
grep -on 'e' f
grep -r inner d
grep -r e d
grep -h o f fruit
grep -H one f
grep -E '' f
grep '' z
grep -E 'a(b|c' f
grep 'a[' f
grep '[[:digit:]]\+' fruit
grep -E '[[:upper:]]' fruit
grep -v -c o f
grep 'a\.b' f
grep '\<t' f
grep -E '^a|3$' fruit
grep -E 'x?y?z?' f
grep -E '(a*)*b' fruit
grep -E '((a|b)*c|d)+' fruit
grep -E 'ab{,2}' fruit
grep '*' f
grep -E 'a|b|c|' f
grep end n
grep -vn '' f
grep -i 'ONE' f
grep -iE '[A-C]' fruit
grep
grep '^*ab' f
grep 'o\b' f
grep -w 'o' f
grep d d
# kill
env kill -l 9
env kill -l KILL
env kill -0 $$
env kill 99999999
env kill -9 x
sleep 5 & env kill -s TERM $!; wait $! 2>/dev/null; echo $?
sleep 5 & env kill -KILL $!; wait $! 2>/dev/null; echo $?
env kill
env kill -NOSUCH 1
# true false env
env true
env false
env -i A=b env
env -i A=b C=d env -u A env
env A=x sh -c 'echo $A'
env nosuchcommand
env ./f
# touch
touch new; ls -l new | cut -c1-10
touch -c new
touch nowhere/x
touch -d @1000000000 f; touch f; [ f -nt fruit ] && echo newer
# chmod
chmod 600 f
chmod u+x,g-r,o=w f
chmod a+x f; chmod -x f
chmod +w f
chmod u=g f
chmod go= f
chmod -R go-rwx d
chmod -R a+X .
chmod 4755 f
chmod u+s,+t d
chmod bad f
chmod 600 nothing
chmod 600
chmod ug+rw,o-r f fruit
# stat
stat -c '%n %s %a %A %F %h %f %Y %u %g %U %G %b %B' f d link z
stat -L -c '%n %F' link
stat nothing
stat -c '%s%%' f
# date
date -u -d @0
date -u -d @1700000000 '+%Y-%m-%d %H:%M:%S %j %a %b %s %%'
date -r f +%s
date -u -d @951782400 +%F
date -u -d @1709164800 '+%F %T %e %y'
# uname pwd
uname
uname -s
uname -m -n
uname -rm
env pwd | sed 's,.*/,,'
# dd
dd if=f of=new bs=4 count=2 status=none
dd if=f of=fruit bs=4 seek=2 count=1 status=none
dd if=f of=fruit bs=4 seek=2 count=1 conv=notrunc status=none
dd if=f bs=4 skip=2 status=none
cat f | dd bs=1 skip=3 count=4 status=none
dd if=n of=new bs=16 conv=sync status=none
dd if=nothing status=none
dd if=zeros of=new bs=64k status=none
dd bad=1
# seq
seq 5
seq 2 5
seq 1 2 10
seq 5 -2 -3
seq -w 8 11
seq -s , 4
seq 5 1
seq 0 0 5
seq x
seq
# tee
echo hi | tee new
echo hi | tee -a f new | cat
echo hi | tee nowhere/x
# basename dirname
basename /a/b/c
basename /a/b/c/
basename c.txt .txt
basename .txt .txt
basename /
basename //
basename a
basename
dirname /a/b/c
dirname /a/b/c/
dirname a
dirname a/b
dirname /a
dirname /
dirname //a//b//
dirname a//b x/y/z
dirname
# test
env test a = a
env test a = b
env test -f f
env test -d f
env test 1 -lt 2 -a 3 -gt 2
env test '(' a = b ')' -o x
env test
env test ! x
env test a -eq 1
env [ a = a ]
env [ a = a
# id
id -u
id -un
id -g
id -gn
# sleep sync
sleep 0.01
sleep x
sleep
sync
sync f
sync nothing
# grep, by the library's expressions
grep -w 'n[a-z]*n' long
grep -w 'l.*e' long
grep -w 'a' fruit
grep -ow 'o[a-z]*' long
grep -o 'a*' fruit
grep '\(an\)\1' fruit
grep -E '(.)\1' fruit
grep -x 'o.*' f
grep -xE 'o|one' f
grep -x -F one f
grep -wF one f
grep -m 2 line long
grep -m 0 line long
grep -c -m 3 line long
grep -L one f fruit
grep -L one f
grep -f f fruit
grep -f z f
grep -vf z f
grep -r inner
grep -rl inner
grep -rh inner d
grep 'a\sb' f
grep '\S3' fruit
grep -o '\bf[a-z]*' f
grep -o '^o' f
grep -o 'e$' f
grep -s o d
grep -e '' f
grep -w '' f
grep '\(' f
grep 'a\{1' f
grep '\' f
grep -i 'B\(A\|E\)N' fruit
grep '[z-a]' f
grep '[[:foo:]]' f
grep '[]a]' fruit
grep '[^]a]' fruit
grep -E '()' f
grep -E '(^|x)on' f
grep -q one f nothing
grep -q zzz f nothing
grep -hn e f fruit
grep -vx one f
# sort
sort -k1,1 -k2,2n fruit
sort -k2,2 fruit
sort -k2,2nr -k1,1 fruit
sort -k 1.2,1.3 fruit
sort -k2.2n fruit
sort -t: -k2,2 -k1r table
sort -t: -k2,2n table
sort -t '' table
sort -t ab table
sort -k0 f
sort -k1.0 f
sort -k1, f
sort -kx f
sort -k1z f
sort -c f
sort -c fruit
sort -cu f
sort -c n
sort -r -s -k2,2n fruit
sort -rk2,2n fruit
sort -k2,2r fruit
sort -b -k2 fruit
sort -u -k2,2n fruit
sort -f -u fruit
sort -n -r numbers
printf '1.5\n1.50\n1.05\n-1.5\n-0\n0\n.5\n5.\n' | sort -n
printf '%s\n' 'a  1' 'a 2' 'a   0' | sort -k2
printf '%s\n' 'a  1' 'a 2' 'a   0' | sort -k2b
printf '%s\n' 'a  1' 'a 2' 'a   0' | sort -k2n
printf 'b\0x\nb\0a\na\n' | sort
printf '%s\n' x:1 x:10 x:9 | sort -t: -k1,1 -k2,2n
# cp
cp -p f copy; stat -c '%a %Y' copy
cp -a d copies; stat -c '%a %Y' copies copies/g copies/e
cp -r link linkcopy
cp -r link link
cp -r dangling other; cp -r dangling other; readlink other
mkdir s; mkfifo s/pipe; cp -r s t; stat -c %F t/pipe
mkdir s; mkfifo s/pipe; cp -a s t; stat -c %F t/pipe
chmod 555 d/e; cp -r d copies; stat -c %a copies/e; chmod 755 d/e copies/e
cp -r f d; cat d/f
cp -r d f
cp -rf link d; cp -rf link d
chmod 400 f; cp fruit f; cat f
chmod 400 f; cp -f fruit f; stat -c %a f
# ln
ln -f missing f; cat f
ln -f f fruit; cat fruit
ln -f f f
ln -sf f fruit; readlink fruit
ln -sf f d; readlink d/f
ln -sfn d link; readlink link
ln f d; cat d/f
ln f d; ln -f f d
ln -f d other
ln -sf x d/e
# kill
env kill -0 99999999
env kill x
# seq
seq -s, 3
seq -s ', ' 2 5
seq 3 -1 1
seq 1 0
# sleep
env sleep s
env sleep .
env sleep 0.01s
env sleep 0
env sleep .01
env sleep x
# head
head -n 010 long
head -c 010 long
head -c 1K long
# tail
tail -n 010 long
tail -c 1K long
# dd
dd if=long bs=010 count=1 status=none
# ls
ls -l /dev/null
ls -l /dev/null /dev/tty f
# id
id
id -G
# touch
touch -r f new; stat -c %Y new
touch -r nothing new
touch -c -r f new
touch -m -r f z; stat -c %Y z
# printf
env printf '%.2f\n' 2.5
env printf '%5.1f|%e|%g|%G\n' 3.14159 12345.678 0.0001 1e20
env printf '%f\n' abc
env printf '%f %d\n'
env printf '%ld %lu %5.3s|\n' 5 7 abcdef
env printf '%d\n' 99999999999999999999
env printf '%d\n' 0x1f 010 "'a"
env printf '%*d|%-*d|\n' 5 1 5 2
env printf '%x %X %o %#x\n' 255 255 8 255
env printf '%c%c\n' abc def
env printf '%s\n'
env printf '%z\n' 1
env printf '%5%|\n'
env printf 'a%bc\n' 'x\ty'
env printf '%d %s\n' 1 a 2
# cmp
cmp n f
# rm
rm -f nothing
rm -rf .
# mkdir
mkdir -p d/x/y
mkdir a/b
mkdir -m 700 new; stat -c %a new
# uniq
uniq -c fruit
# wc
wc f fruit
wc -l f
# tee
tee x y <f; cat y
# basename
basename /a/b.c .c
# dirname
dirname /a/b/
# mv
mv f d; ls d
mv nothing f
mv f fruit empty; ls empty
EOF
[ "$failed" -eq 0 ]
