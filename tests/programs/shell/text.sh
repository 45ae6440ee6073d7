# SPDX-License-Identifier: MIT
# Text goes through awk, sed, sort and their relatives.
seq 1 2000 | awk '{ s += $1; if ($1 % 7 == 0) n++ } END { print s, n, length("atlas"), substr("mapping", 2, 3) }'
awk 'BEGIN { for (i = 0; i < 300; i++) a[i % 17] += i; for (k in a) n += a[k]; printf "%d %.3f %s\n", n, 22 / 7, toupper("x") }'
printf 'b 2\na 10\nc 1\na 9\n' >pairs
awk '{ last[$1] = $2 } END { print last["a"], last["b"], last["c"] }' pairs
awk 'BEGIN { while (("echo one; echo two" | getline line) > 0) print "got", line; print "to the pipe" | "cat -n" }'
sort pairs; sort -k2n pairs; sort -u -k1,1 pairs; sort -r pairs | head -n 1
seq 5000 -1 1 | sort -n | md5sum
awk 'BEGIN { x = 1; for (i = 0; i < 20000; i++) { x = (x * 16807) % 2147483647; print x, i } }' >numbers
sort -n numbers | md5sum; sort numbers | uniq | wc; sort -k2,2n numbers | tail -n 2
sed -n '2,4p' numbers; sed -e 's/\([0-9]*\) \([0-9]*\)/\2:\1/' numbers | sed -n '$p'
sed 's/1/one/g; /9$/d; 3q' pairs; echo 'a/b/c' | sed 's|/|\n|g'
sed -i 's/^a/A/' pairs; cat pairs
sed -e ':top' -e 'N;$!b top' -e 's/\n/,/g' pairs
grep -c 7 numbers; grep -E '^(16807|282475249) ' numbers; grep -v 0 numbers | wc -l; grep -n -i B pairs; grep -rl A . | sort
egrep 'a|b' pairs | tr a-z A-Z; tr -d '0-9\n' <pairs; echo; tr -s ' ' <pairs | cut -d' ' -f2
cut -c1-3 numbers | sort | uniq -c | sort -rn -k1,1 -k2,2 | head -n 5
head -c 20 numbers | od -An -c; head -c 33 numbers | hexdump -C; head -c 40 numbers | xxd
printf 'one\ttwo\n' | expand -t 4 | unexpand -a | hexdump -C
echo 'the quick brown fox jumps over the lazy dog' | fold -w 10 -s; nl pairs; rev pairs; tac pairs; paste -d, pairs pairs
printf '%s-%5d|%-5s|%x|%o|%e|%c\n' text 42 ab 255 8 1234.5 z; printf '%b' 'a\tb\n'
seq 3 3 12 | paste -s -d+ | bc; echo '2 32 ^ p 7 / p' | dc; echo 'scale=20; 4*a(1)' | bc -l; factor 1234567890 97
expr 6 \* 7; expr atlas : 'at\(.*\)'; base64 numbers | md5sum; base64 numbers | base64 -d | cmp - numbers && echo same
uuencode -m pairs p | uudecode -o decoded && cmp pairs decoded && echo same
md5sum pairs; sha1sum pairs; sha256sum pairs; sha512sum pairs; sha3sum pairs; crc32 pairs; cksum pairs 2>/dev/null
md5sum pairs numbers >sums && md5sum -c sums
cp numbers other; sed -i '777s/$/ changed/; 5000d' other; diff numbers other; diff -u numbers other | tail -n +3 >change
cp numbers patched; patch patched change >/dev/null && cmp patched other && echo patched; cmp numbers other
TZ=UTC date -d @1000000000 '+%Y-%m-%d %H:%M:%S %a %j'; cal 9 1752; strings -n 4 other | tail -n 1
ls -1 | wc -l; dos2unix <pairs; unix2dos <pairs | od -An -c | head -n 1; yes atlas | head -n 1000 | uniq -c
split -l 5000 numbers part. 2>/dev/null; tee copy <pairs | wc -c; cmp copy pairs && echo same
seq 100 | shuf | sort -n | md5sum; tail -n +4999 numbers | head -n 1; tail -c 12 numbers; wc numbers
