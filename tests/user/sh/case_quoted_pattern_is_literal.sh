p='a*'
case abc in "$p") echo lit ;; $p) echo glob ;; esac
case 'a*' in "$p") echo lit ;; $p) echo glob ;; esac
case a.c in a\.c) echo dot;; esac
