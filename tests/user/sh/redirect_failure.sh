cat </nonexistent 2>/dev/null || echo failed
echo x >/nonexistent/y 2>/dev/null || echo failed2
: ok
{ echo x; } </nonexistent 2>/dev/null || echo failed3
