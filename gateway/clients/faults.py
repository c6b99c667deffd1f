"""Why a request brought no answer: a closed list of words, and which error of the wire is which."""

from __future__ import annotations

import errno
import ssl
from enum import StrEnum
from typing import Final


class Fault(StrEnum):
    """Why a request brought no answer; a closed list, fit for a metric's label."""

    ADDRESS_REFUSED = "address-refused"
    NAME_UNRESOLVED = "name-unresolved"
    NAME_TIMEOUT = "name-timeout"
    CONNECTION_REFUSED = "connection-refused"
    CONNECT_TIMEOUT = "connect-timeout"
    CONNECT_FAILED = "connect-failed"
    PROXY_UNREACHABLE = "proxy-unreachable"
    PROXY_TIMEOUT = "proxy-timeout"
    PROXY_LOGIN_REFUSED = "proxy-login-refused"
    PROXY_REFUSED = "proxy-refused"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_NOT_YET_VALID = "certificate-not-yet-valid"
    CERTIFICATE_WRONG_NAME = "certificate-wrong-name"
    CERTIFICATE_UNKNOWN_ISSUER = "certificate-unknown-issuer"
    CERTIFICATE_REFUSED = "certificate-refused"
    TLS_TOO_OLD = "tls-too-old"
    TLS_NOT_SPOKEN = "tls-not-spoken"
    TLS_CUT_OFF = "tls-cut-off"
    TLS_REFUSED = "tls-refused"
    """The peer broke the handshake off with an alert that does not say why."""
    TLS_FAILED = "tls-failed"
    # From here on a byte may have left; with TLS 1.3 a peer judges our certificate only afterwards.
    CLIENT_CERTIFICATE_REQUIRED = "client-certificate-required"
    CLIENT_CERTIFICATE_REFUSED = "client-certificate-refused"
    DEADLINE_PASSED = "deadline-passed"
    CONNECTION_LOST = "connection-lost"
    UNREADABLE_RESPONSE = "unreadable-response"


class Unreached(Exception):
    """There is no connection, so not one byte of the request left."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


# Numbers of X509_V_ERR_… in OpenSSL's x509_vfy.h.
_OF_VERIFICATION: Final = {
    9: Fault.CERTIFICATE_NOT_YET_VALID,
    10: Fault.CERTIFICATE_EXPIRED,
    2: Fault.CERTIFICATE_UNKNOWN_ISSUER,
    18: Fault.CERTIFICATE_UNKNOWN_ISSUER,
    19: Fault.CERTIFICATE_UNKNOWN_ISSUER,
    20: Fault.CERTIFICATE_UNKNOWN_ISSUER,
    21: Fault.CERTIFICATE_UNKNOWN_ISSUER,
    62: Fault.CERTIFICATE_WRONG_NAME,
    64: Fault.CERTIFICATE_WRONG_NAME,
}
# Alerts of RFC 8446 section 6.2 as OpenSSL names them. An alert about a certificate is about ours.
_OF_CLIENT_CERTIFICATE: Final = {
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": Fault.CLIENT_CERTIFICATE_REQUIRED,
    "SSLV3_ALERT_BAD_CERTIFICATE": Fault.CLIENT_CERTIFICATE_REFUSED,
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": Fault.CLIENT_CERTIFICATE_REFUSED,
    "SSLV3_ALERT_CERTIFICATE_REVOKED": Fault.CLIENT_CERTIFICATE_REFUSED,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": Fault.CLIENT_CERTIFICATE_REFUSED,
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": Fault.CLIENT_CERTIFICATE_REFUSED,
    "TLSV1_ALERT_UNKNOWN_CA": Fault.CLIENT_CERTIFICATE_REFUSED,
    "TLSV1_ALERT_ACCESS_DENIED": Fault.CLIENT_CERTIFICATE_REFUSED,
}
_OF_HANDSHAKE: Final = _OF_CLIENT_CERTIFICATE | {
    "UNSUPPORTED_PROTOCOL": Fault.TLS_TOO_OLD,
    "TLSV1_ALERT_PROTOCOL_VERSION": Fault.TLS_TOO_OLD,
    # What a peer says that is no TLS has no version, or one that is none.
    "WRONG_VERSION_NUMBER": Fault.TLS_NOT_SPOKEN,
    "RECORD_LAYER_FAILURE": Fault.TLS_NOT_SPOKEN,
    "PACKET_LENGTH_TOO_LONG": Fault.TLS_NOT_SPOKEN,
    "HTTP_REQUEST": Fault.TLS_NOT_SPOKEN,
    "UNEXPECTED_EOF_WHILE_READING": Fault.TLS_CUT_OFF,
    "SSLV3_ALERT_HANDSHAKE_FAILURE": Fault.TLS_REFUSED,
    "TLSV1_UNRECOGNIZED_NAME": Fault.TLS_REFUSED,
}


def fault_of_connecting(error: OSError) -> Fault:
    """Name why there is no TCP connection."""
    is_refused = error.errno == errno.ECONNREFUSED
    return Fault.CONNECTION_REFUSED if is_refused else Fault.CONNECT_FAILED


def fault_of_handshake(error: OSError) -> Fault:
    """Name why a TLS handshake failed."""
    match error:
        case ssl.SSLCertVerificationError():
            return _OF_VERIFICATION.get(error.verify_code, Fault.CERTIFICATE_REFUSED)
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return Fault.TLS_CUT_OFF
        case ssl.SSLError():
            return _OF_HANDSHAKE.get(error.reason or "", Fault.TLS_FAILED)
        case _:
            return Fault.TLS_CUT_OFF


def fault_of_loss(error: Exception | None) -> Fault:
    """Name why a connection ended after the request had begun to leave."""
    reason = error.reason if isinstance(error, ssl.SSLError) else None
    return _OF_CLIENT_CERTIFICATE.get(reason or "", Fault.CONNECTION_LOST)
