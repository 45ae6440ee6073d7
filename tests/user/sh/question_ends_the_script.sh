unset u
echo before
: ${u:?gone}
echo after
