echo a\ b \$x \\ \'x\' \"y\"
echo con\
tinued
