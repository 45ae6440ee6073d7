cat <<-E
	one
		two
	E
if true; then
	cat <<-'E'
	$x
	E
fi
cat <<-E
	joined\
	keeps its tab
	E
