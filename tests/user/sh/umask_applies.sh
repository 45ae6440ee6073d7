umask 022
touch a
umask 077
touch b
ls -l a b | cut -c1-10
umask
