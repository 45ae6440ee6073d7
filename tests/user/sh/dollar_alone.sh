echo $ "$" a$ "a$ b" $/ '$'
