"""What can go wrong, and how it is said over HTTP."""

from flask import Flask, jsonify


class ClinicError(Exception):
    """A rule of the clinic was broken; the message is for people."""

    status = 400


class NotFound(ClinicError):
    status = 404


class Conflict(ClinicError):
    status = 409


class OutOfStock(Conflict):
    """There is less of a medicine than was asked for."""

    def __init__(self, medicine: str, left: int) -> None:
        super().__init__(f"only {left} of {medicine} left")
        self.medicine = medicine
        self.left = left


class RatingRejected(ClinicError):
    """An opinion that cannot be taken: no such visit, too late, or given before."""


def init_app(app: Flask) -> None:
    @app.errorhandler(ClinicError)
    def broken_rule(error: ClinicError):
        return jsonify(error=str(error)), error.status
