abc='x y'
set | grep '^abc='
export -p | grep -c HOME
