set -- -z -b
while getopts :ab: o; do echo "$o <$OPTARG>"; done
OPTIND=1
while getopts ab: o 2>/dev/null; do echo "$o"; done
