echo 2 >f
cat f
echo x2>f
cat f
echo 2>f
