"""How models fail when somebody, or the weather, wants them to; and what can be done about it.

`seeing` makes a system out of pixels with gradients, `attacks` changes pictures against it, `corruptions` damages
pictures and `wording` lines without looking at any model, `poisoning` changes what is trained on, and `detection` looks
for what was changed.
"""
