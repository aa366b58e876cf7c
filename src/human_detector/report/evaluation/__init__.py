"""How good results are, held against boxes that people have drawn; which frames are worth labelling."""
