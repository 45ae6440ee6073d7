echo $(if true; then (for i in 1 2; do { case $i in 1) echo one;; 2) echo "$(echo two)";; esac; }; done); fi)
