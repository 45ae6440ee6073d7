x=1
( x=2; cd /; echo $x )
echo $x
(exit 3)
echo $?
(echo a; (echo b; (echo c)))
