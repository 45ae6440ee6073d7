cat <<A; cat <<B
in a
A
in b
B
cat <<A - <<B
first
A
second
B
