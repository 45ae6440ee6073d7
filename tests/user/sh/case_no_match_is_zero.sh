false
case x in y) ;; esac
echo $?
case x in x) ;; esac
echo $?
