set -- -a -b val -cd rest
while getopts ab:cd o; do echo "$o <$OPTARG> $OPTIND"; done
shift $((OPTIND-1))
echo $*
OPTIND=1
set -- -bjoined -- -a
while getopts ab: o; do echo "$o <$OPTARG>"; done
echo $OPTIND
