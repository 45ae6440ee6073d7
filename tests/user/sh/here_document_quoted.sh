x=val
cat <<'E'
a $x $(echo sub) \$x \
E
cat <<\E
$x
E
