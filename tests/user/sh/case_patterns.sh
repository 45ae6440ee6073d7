for w in apple banana cherry date '' '*' 'a b' [x]; do
case $w in
a*) echo starts a ;;
*an*|x) echo has an ;;
c????y) echo c..y ;;
'') echo empty ;;
'*') echo star ;;
[d-f]*) echo d-f ;;
(\[*) echo bracket ;;
*) echo other
esac
done
