echo a >f1 >f2
cat f1
cat f2
<f2 cat
>f3 echo first
cat f3
