x=v
echo `echo \$x` `echo "\$x"` "`echo \"a  b\"`"
printf '%s\n' `printf '%s\n' a\\\\b` "`printf '%s\n' a\\\\b`"
