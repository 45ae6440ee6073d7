trap 'echo bye $?' EXIT
echo hi
(echo sub)
exit 3
