trap 'echo end' 0
echo last
