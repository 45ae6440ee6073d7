# SPDX-License-Identifier: MIT
# Files and folders are made, walked, changed and removed.
umask 022
mkdir -p tree/a/b/c tree/d && touch -d '2020-02-02 02:02:02' tree/old && echo text >tree/a/file
for i in $(seq 200); do echo "number $i" >tree/d/file$i; done
ln tree/a/file tree/a/hard; ln -s ../a/file tree/d/soft; ln -s /nosuch/place tree/broken
stat -c '%n %F %s %a %h' tree/a/file tree/a/hard tree/d/soft tree/a/b tree/old; stat -c %y tree/old | cut -c1-19
readlink tree/d/soft; (cd tree/d && realpath soft | sed 's|.*tree/|tree/|'); cat tree/d/soft; cat tree/broken; echo $?
find tree -type f | wc -l; find tree -type l | sort; find tree -name 'file1?' | sort | tr '\n' ' '; echo
find tree -size -1k -o -name old | sort; find tree -links 2 -type f | sort; find tree -empty | sort
find tree -newer tree/old -type d | sort; find tree -maxdepth 1 -mindepth 1 | sort; find tree -path '*/b/*'
find tree/d -name 'file*7' -exec cat {} + | sort -k2n | tail -n 2; find tree/d -type f -exec grep -l 'number 19' {} \; | sort | head -n 3
find tree/d -type f -print0 | xargs -0 -n 50 cat | wc -l; find tree/d -name '*5' -delete; find tree/d | wc -l
ls tree/d | wc -l; ls -a tree; ls -F tree; ls -1p tree; ls -l tree/a | awk 'NR > 1 { print $1, $2, $5, $NF }'; ls -d tree/*/
ls -i tree/a/file tree/a/hard | awk '{ print $1 }' | uniq | wc -l; ls -R tree/a
cp -a tree copy && diff -r tree copy && echo same; cp -r tree/a/. plain; ls plain; cp -p tree/old kept; stat -c %Y kept
mv copy/d copy/moved && ls copy; mv copy/old copy/a; ls copy/a; mv copy/nosuch copy/x; echo $?
chmod 640 kept; stat -c %a kept; chmod u+x,g-r,o=rw kept; stat -c %A kept; chmod -R go-rwx copy; find copy -type d -perm 700 | wc -l
echo one >over && echo two >>over && cat over; : >over; stat -c %s over; (set -C; echo x >over) 2>/dev/null; echo $?
dd if=/dev/zero of=zeros bs=4k count=300 2>/dev/null; stat -c %s zeros; md5sum <zeros
printf XYZ | dd of=zeros bs=1 seek=123456 conv=notrunc 2>/dev/null; dd if=zeros bs=1 skip=123455 count=5 2>/dev/null | od -An -c
dd if=tree/a/file conv=ucase,swab 2>/dev/null | od -An -c; dd if=zeros of=/dev/null bs=1M 2>&1 | sed 's/,.*//'
dd if=/dev/urandom bs=1k count=64 2>/dev/null | wc -c; head -c 100000 /dev/zero | tr '\0' A | md5sum
truncate -s 5M sparse; stat -c %s sparse; truncate -s 3 sparse; cat sparse | od -An -b; fallocate -l 70000 space && stat -c %s space
mktemp name.XXXXXX | sed 's/[^.]*$/RANDOM/'; test -f name.*; echo $?; mktemp -d folder.XXXXXX | wc -c
echo gone >doomed; exec 3<doomed; rm doomed; cat <&3; exec 3<&-; ls doomed; unlink over; ls over; echo $?
cd tree/a/b/c && pwd | sed 's|.*/tree|tree|' && cd ../.. && cd - >/dev/null && cd ../../../..; basename /a/b.c .c; dirname /a/b.c
du -s tree/a/b/c | wc -w; du -a tree/a | wc -l; touch a1 a2 b1; echo a? [ab]1 nothing*; rm -f a? b1 nosuch; rmdir tree; echo $?
test tree/a/file -ef tree/a/hard; echo $?; [ tree/a/file -nt tree/old ]; echo $?; [ -r kept -a ! -d kept ]; echo $?
i=0; while [ $i -lt 300 ]; do mv tree/d/file1 tree/d/x && mv tree/d/x tree/d/file1; i=$((i + 1)); done; ls tree/d | md5sum
shred -u kept; ls kept; sync; rm -rf tree copy plain folder.* name.*; ls -A | sort
