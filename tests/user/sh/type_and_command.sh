f() { :; }
command -v f
command -v cd
command -v if
command -v nonexistent; echo $?
command echo hi
cd() { echo my cd; }
cd /
command cd /; pwd
