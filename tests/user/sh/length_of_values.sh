x=hello
echo ${#x} ${#u} ${#}
set -- a b
echo ${#} $# ${#1}
