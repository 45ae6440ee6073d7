echo 'echo $0 $# "$1" "$2"' >s
sh s a 'b c'
sh -c 'echo $0 $1 $#' name x y
sh -s p q <<'E'
echo $1 $2
E
