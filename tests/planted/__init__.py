"""Faults that are planted into the product, to see that somebody notices: tests/planted_faults.py runs them.

fault.py       a fault as data, and a copy of the product that has it
catalogue/     the faults, by the part of a message's life in which they are
guards.py      who is to notice: the simulation, and the quick tests
trial.py       asks one guard after another
"""
