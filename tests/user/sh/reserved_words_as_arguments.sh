echo if then else fi for do done case esac while { } !
x=if
$x 2>/dev/null
echo $?
echo case in esac
