"""Every page that there is, shown once: to whoever takes pictures (`make screenshots`) and to axe-core (`tests/browser`).

tour.py       goes there in a real browser, as a person would, and calls `look(page, name)` at each page
walk.py       how one walks
templates.py  which templates were on no page of a walk
__main__.py   takes the pictures: at 390 and 1280 px, light and dark, English and Dutch, into test-results/screenshots
"""
