f=file.tar.gz ext=.gz
echo ${f%$ext} "${f%"$ext"}" "${f%.[tg]*}" "${f%%.[tg]*}"
