[ a = a -a b = b ] && echo and
[ a = b -o b = b ] && echo or
[ ! a = b ] && echo not
[ \( a = b -o c = c \) -a d = d ] && echo paren
[ a = b ] || [ c = c ] && echo chain
