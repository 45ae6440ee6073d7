# SPDX-License-Identifier: MIT
# A filesystem in a file is made by busybox and judged by e2fsck-static; dar-static packs a tree and restores it.
dd if=/dev/zero of=image bs=1M count=8 2>/dev/null; mke2fs -F -b 1024 image >/dev/null; e2fsck -fn image; echo $?
seq 1000 | dd of=image bs=1024 seek=5 count=2 conv=notrunc 2>/dev/null; e2fsck -fy image >/dev/null; [ $? != 0 ]; echo $?
e2fsck -fn image | tail -n 1 | sed 's/,.*//'; echo $?
mkdir -p from/sub; seq 1 30000 >from/numbers; head -c 200000 /dev/urandom >from/noise; ln -s numbers from/link; ln from/noise from/sub/hard
truncate -s 3M from/sparse; chmod 640 from/numbers; touch -d '2020-02-02 02:02:02' from/noise
dar -Q -q -c archive -R from -z; echo $?; mkdir to; dar -Q -q -x archive -R to; echo $?; diff -r from to && echo same
(cd to; find . | sort; readlink link; stat -c '%a %h' numbers noise; stat -c %Y noise); dar -Q -q -t archive; echo $?
