set -e
f() { false; echo in f; }
f || echo or
if f; then echo then; fi
f
echo never
