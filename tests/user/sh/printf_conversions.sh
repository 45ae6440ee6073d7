printf '%s|%5s|%-5s|%.2s\n' a b c def
printf '%d %5d %05d %x %o %X %u\n' 42 42 42 255 8 255 7
printf '%c%c\n' abc def
printf '%%\n'
printf 'a\tb\\n\n'
printf '%s\n' a b c
printf '%s-%s\n' a b c
printf '%d\n' 0x10 010 "'a"
printf '%b\n' 'x\ty'
printf 'no newline'
printf '\n\101\n'
printf '%*d\n' 5 3
