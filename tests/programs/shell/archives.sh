# SPDX-License-Identifier: MIT
# Archives are packed and unpacked, and what comes out is what went in.
mkdir -p from/sub; seq 1 20000 >from/numbers; head -c 300000 /dev/urandom >from/noise; ln -s numbers from/link; ln from/noise from/sub/hard
: >from/empty; awk 'BEGIN { for (i = 0; i < 5000; i++) print i * i, "lines that repeat" }' >from/sub/text; chmod 640 from/sub/text
sums() { (cd "$1" && find . -type f | sort | xargs md5sum); }
sums from >want
check() { sums "$2" | cmp - want && [ "$(readlink "$2"/link)" = numbers ] && echo "$1 good"; }
tar cf a.tar -C from . && mkdir t1 && tar xf a.tar -C t1 && check tar t1; tar tf a.tar | sort
stat -c '%a %h' t1/sub/text t1/noise
tar czf a.tgz -C from . && mkdir t2 && tar xzf a.tgz -C t2 && check tar+gzip t2
(cd from && find . | cpio -o -H newc 2>/dev/null) >a.cpio && mkdir t3 && (cd t3 && cpio -idm 2>/dev/null) <a.cpio && check cpio t3
tar c -C from . | (mkdir t4; tar x -C t4) && check 'a pipe' t4
gzip -c from/numbers | gunzip | cmp - from/numbers && echo gzip good; bzip2 -c from/numbers >n.bz2; bzip2 -dc n.bz2 | cmp - from/numbers && echo bzip2 good
bunzip2 -t n.bz2; zcat a.tgz | md5sum | cmp - - && cp from/numbers n && gzip n && ls -l n.gz | awk '{ print $5 }' && gzip -dc n.gz | md5sum
gunzip n.gz && cmp n from/numbers && echo back; lzop -c n | lzop -dc | cmp - n && echo lzop good
gzip -9 -c from/sub/text | wc -c; gzip -1 -c from/sub/text | wc -c; md5sum n.bz2
head -c 100 a.tgz >broken.gz; gunzip -t broken.gz 2>/dev/null; echo "status $?"
tar cf b.tar --exclude='sub' -C from . && tar tf b.tar | sort; tar xOf a.tar ./numbers | tail -n 1
