touch f; mkdir d; ln -s f l; echo x >g; chmod 755 g
[ -f f ] && [ -d d ] && [ -L l ] && [ -h l ] && [ -e f ] && [ -s g ] && [ -x g ] && [ -r f ] && [ -w f ] && echo ok
[ -f d ] || [ -e none ] || [ -s f ] || echo no
[ f -ef l ] && echo same
