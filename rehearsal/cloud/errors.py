"""Errors as AWS answers them."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class Refused(ServiceException):
    """Defined here, so that moto looks the code up in the model of the service that answers."""


def refused(code: str, message: str) -> ServiceException:
    """An error with AWS's code and a message; the serializer adds what botocore's model says of the code."""
    return Refused(code, message)


class NotModelled(Exception):
    """The rehearsal was asked for something it does not model: that is said by name, never answered by guessing."""
