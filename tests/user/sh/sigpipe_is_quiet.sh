yes | head -n 2
while true; do echo y; done 2>/dev/null | head -n 1
