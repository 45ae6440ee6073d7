echo $(case a in a) echo yes;; esac)
echo $(echo ")" ')' \))
echo $( # comment with )
echo ok)
