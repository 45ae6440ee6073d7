# SPDX-License-Identifier: MIT
# Other shells of Debian: bash-static and zsh-static run the script of ash, and what they alone can do; sash.
here=$(cd "${0%/*}" && pwd)
mkdir b z; (cd b && bash "$here/ash.sh"); echo "bash $?"; (cd z && zsh --emulate sh "$here/ash.sh"); echo "zsh $?"
cat >bash.sh <<'END'
declare -A table=([one]=1 [two]=2); list=(a b c); list+=(d); echo "${#list[@]} ${list[@]:1:2} ${table[two]} ${!list[@]}"
[[ atlas.map =~ ^([a-z]+)\.(.*)$ ]] && echo "${BASH_REMATCH[2]}"; printf -v out '%05d' 42; echo $out ${out^^} {1..5} {a,b}c
mapfile -t lines < <(seq 3); echo "${lines[2]}"; diff <(seq 5) <(seq 2 6); cat <<<"here string"; paste <(seq 3) <(seq 4 6)
coproc { while read -r x; do echo "got $x"; done; }; echo hello >&${COPROC[1]}; read -r answer <&${COPROC[0]}; echo "$answer"
exec {COPROC[1]}>&-; wait; echo $?; shopt -s globstar extglob
mkdir -p d/e; : >d/e/f; echo **/f; echo !(d); set -o pipefail; false | true; echo $?
f() { local -n ref=$1; ref=changed; }; v=old; f v; echo $v; select x in one; do echo $x; break; done <<<1 2>/dev/null
trap 'echo debug' ERR; false; trap - ERR; (ulimit -n 20; ulimit -n); TIMEFORMAT=timed; time true; for ((i = 0; i < 3; i++)); do echo -n $i; done; echo
END
bash --norc bash.sh
cat >zsh.zsh <<'END'
typeset -A table; table=(one 1 two 2); list=(c a b); print -l ${(o)list} $list[2] $table[two] ${(U)list[1]}
mkdir -p x/y; touch x/y/f1 x/f2; print **/f*(.); print ${:-text}:h; [[ abc == a*(#qN) ]]; print $?; repeat 3 print -n r; print
print =(echo temporary)(N:t:s/[^x]*/name/) >/dev/null; cat =(echo from a file); paste <(seq 2) <(seq 3 4); print $((2.5 * 4)) $(( 16#ff ))
zmodload zsh/datetime && print ${+EPOCHSECONDS}; zmodload zsh/stat && zstat +size zsh.zsh | wc -l; (exit 3) & wait $!; print $?
END
zsh -f zsh.zsh
sash -c 'cd /; -ls -d /dev; -mkdir /tmp/sash$$' >/dev/null; echo $?; printf -- '-echo text\n-mkdir s\n-ls\n-rmdir s\n' | sash -p '' | grep -c text
