cat <<E
${u:-a "b" 'c'} ${u:-"d e"} "${u:-$(echo "f")}"
E
x=1
cat <<E
${x:+"set"} ${x#"1"}.
E
