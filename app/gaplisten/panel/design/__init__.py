"""Which trials a listener gets, and in which order: designs drawn, balanced, and verified by counting.

`first` is the design of panels that the first version built: a function of panel and listener, kept as it
was so that such panels go on. `cells` and `drawing` make that of all others: `cells` chooses what a listener
hears, `drawing` puts it in order, `filling` says what earlier sessions left to do, and `counting` counts what
came of it, whoever made it.
"""
