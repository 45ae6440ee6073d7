set --
set -- "$@"
echo $#
set -- "$@" x
echo $#
set -- ""$@""
echo $#
