f() { (return 3; echo never); echo $?; }
f
