fact() { if [ $1 -le 1 ]; then echo 1; else echo $(( $1 * $(fact $(($1-1))) )); fi; }
fact 10
down() { [ $1 = 0 ] && return; echo $1; down $(($1-1)); }
down 3
