touch b.c a.c x.h .hidden
echo *
echo *.c
echo ?.h
echo [ab]*
echo [!ab]*
echo *.none
echo .h*
echo "*" '*' \*
