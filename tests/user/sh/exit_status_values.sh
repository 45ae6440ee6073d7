sh -c 'exit 3'; echo $?
nonexistent_command 2>/dev/null; echo $?
touch noexec; ./noexec 2>/dev/null; echo $?
/ 2>/dev/null; echo $?
exit 42
