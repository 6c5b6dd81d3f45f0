"""The rules of logging in, written a second time and small, and a machine that compares them with the product.

rules.py     what is owed, granted, worth, ended and slowed down: from the rules, knowing nothing of the product
house.py     people, tabs and pages over HTTP; each request's answer is compared with what the rules say
people.py   what people do besides: their own pages, the console, the mailbox, the operator
test_random_lives.py   Hypothesis chooses who does what, when and from where

    HYPOTHESIS_PROFILE=long LIVES=2000 pytest tests/model      thousands of lives instead of a few; STEPS=40: longer ones
    HYPOTHESIS_PROFILE=seek LIVES=2000 pytest tests/model      the same, and the first that goes wrong is not made shorter
"""
