x=$(cat <<E
one )
two
E
)
echo "$x"
