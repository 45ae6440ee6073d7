HOME=/my/home
echo ~ ~/x "~" \~ a~ x=~
y=~/z
echo $y
p=~:~/b
echo $p
