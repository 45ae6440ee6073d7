mkdir -p d1/s d2/s
touch d1/s/f1 d2/s/f2 d1/g
echo */s/*
echo d*/*
echo */*/f?
echo d1/s/f[0-9]
echo ./d*
echo */
