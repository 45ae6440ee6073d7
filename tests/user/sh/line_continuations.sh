ec\
ho a\
b
echo "x\
y"
x=1
echo $\
x ${x\
}
true &\
& echo and
