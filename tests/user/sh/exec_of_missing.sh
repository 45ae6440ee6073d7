(exec /nonexistent/x) 2>/dev/null
echo $?
