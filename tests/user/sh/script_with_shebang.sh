printf '#!/bin/sh\necho sb $1\n' >s
chmod +x s
./s arg
PATH=$PWD:$PATH
s x
