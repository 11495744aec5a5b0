"""The same exchange again, written for obviousness: it shares the vocabulary and not one line of code."""
