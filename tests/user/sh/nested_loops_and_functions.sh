f() {
for i in 1 2; do
case $1 in
a) while true; do echo a$i; break; done ;;
*) until false; do echo o$i; continue 2; done ;;
esac
done
}
f a; f b
