unset u
echo ${u:-'single  q'} "${u:-'dq  sq'}" ${u:-"a"'b'c}
x="it's"
echo "${x%"'s"}" "${x#it}"
