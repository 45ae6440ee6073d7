echo start
sh -c 'if' 2>/dev/null; echo $?
sh -c 'echo (' 2>/dev/null; echo $?
sh -c 'echo "abc' 2>/dev/null; echo $?
sh -c 'fi' 2>/dev/null; echo $?
sh -c 'for x in a; do' 2>/dev/null; echo $?
sh -c ';' 2>/dev/null; echo $?
sh -c 'a | | b' 2>/dev/null; echo $?
sh -c 'echo ${x' 2>/dev/null; echo $?
sh -c '{ echo; ' 2>/dev/null; echo $?
sh -c 'case x in' 2>/dev/null; echo $?
