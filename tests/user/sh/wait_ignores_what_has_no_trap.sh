# wait: signals without a trap, or ignored, do not end it; ends of other children neither
trap '' USR2
(sleep 0.1; kill -USR2 $$; exit 3) &
(sleep 0.3; exit 5) & p=$!
wait $p; echo $?
trap 'echo child' CHLD
(exit 4) & wait $!; echo $?
trap '' CHLD
(exit 4) & wait $!; echo $?
trap - CHLD
(sleep 0.1; exit 6) & wait $!; echo $?
wait; echo $?
