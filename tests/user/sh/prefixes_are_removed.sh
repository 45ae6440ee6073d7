p=/usr/local/lib/libc.so.6
echo ${p#*/} ${p##*/} ${p%.*} ${p%%.*} ${p#nomatch} "${p%/*}"
x='a*b*c'
echo "${x#a'*'}" "${x%"*c"}" "${x#*\*}"
