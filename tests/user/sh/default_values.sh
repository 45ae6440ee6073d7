unset u; e=; s=set
echo "${u:-d}" "${u-d}" "${e:-d}" "<${e-d}>" "${s:-d}" "${s-d}"
echo "<${u:+a}>" "<${u+a}>" "<${e:+a}>" "<${e+a}>" "${s:+a}" "${s+a}"
echo ${n:=new} $n
echo ${u:-a b c}
echo "${u:-"q r"}"
echo ${u:-"q  r"} ${u:-$s}
