set -a
zz=exported
set +a
sh -c 'echo $zz'
echo a >f
set -C
(echo b >f) 2>/dev/null || echo protected
echo c >|f
cat f
