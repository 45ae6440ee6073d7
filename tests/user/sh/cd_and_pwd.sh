mkdir -p d/e
cd d/e
pwd | sed 's,.*/d,d,'
cd ..
pwd | sed 's,.*/,,'
cd /; pwd; echo $PWD
cd /usr; cd - ; echo $OLDPWD
cd /nonexistent 2>/dev/null || echo failed
HOME=/usr; cd; pwd
