for c in a Z 5 _ ' ' -; do
case $c in [[:lower:]]) echo lower;; [[:upper:]]) echo upper;; [[:digit:]_]) echo d;; [!a-z-]) echo no;; [a-]) echo dash;; esac
done
