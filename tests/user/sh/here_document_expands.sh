x=val
cat <<E
a $x ${x:-d} $(echo sub) $((1+1)) \$x `echo bq`
 "quotes" 'stay' \\ \a
E
