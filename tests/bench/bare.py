"""The yardstick: the least that a Flask view can cost, 1 kB of JSON."""

from flask import Flask, Response, jsonify

application = Flask(__name__)


@application.get("/")
def answer() -> Response:
    """One kilobyte of JSON."""
    return jsonify(text="x" * 1000)
