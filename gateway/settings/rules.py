"""What must hold between settings, and what is allowed but probably not meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, TypeAlias

from gateway.settings.application import Application
from gateway.settings.places import Place, TcpPlace
from gateway.settings.rows import Fault
from gateway.settings.table import Settings

SHORT_SECRET: Final = 32
"""Bytes an HMAC-SHA256 secret should have; the vendor's own may have fewer."""

_KEY: Final = "VONAGE_API_KEY"
_SECRET: Final = "VONAGE_API_SECRET"  # noqa: S105 - the name of a variable
_SECRET_PREVIOUS: Final = "VONAGE_API_SECRET_PREVIOUS"  # noqa: S105 - likewise
_APP_ID: Final = "VONAGE_APPLICATION_ID"
_PEM: Final = "VONAGE_PRIVATE_KEY"
_SIGNATURE: Final = "VONAGE_SIGNATURE_SECRET"
_PREVIOUS: Final = "VONAGE_SIGNATURE_SECRET_PREVIOUS"
_STATUS_URL: Final = "GATEWAY_STATUS_URL"
_PUBLIC_URL: Final = "GATEWAY_PUBLIC_URL"
_RATE: Final = "GATEWAY_REQUEST_RATE"
_BURST: Final = "GATEWAY_REQUEST_BURST"
_OBSERVE: Final = "observe"
_EVERYWHERE: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not bound


class Labels:
    """How the settings of one application are called where the operator wrote them."""

    def __init__(self, prefix: str | None) -> None:
        self._prefix = prefix

    def __getitem__(self, variable: str) -> str:
        """Return the name of a variable: itself, or the key in an `[[applications]]` table."""
        if self._prefix is None:
            return variable
        return self._prefix + variable.split("_", 1)[1].lower()


Labelled: TypeAlias = tuple[Application, Labels]


def application_faults(is_set: AbstractSet[str], labels: Labels, *, mode: str) -> list[Fault]:
    """Return what one application lacks.

    Args:
        is_set: the variables that have a value, be it a usable one or not: an unusable value is
            a fault of its own and must not be reported as a missing one, too.
        labels: how they are called.
        mode: who serves it. Where the legacy service does, it may call the status URL itself.
    """
    faults = []

    def fault(variable: str, problem: str, remedy: str) -> None:
        faults.append(Fault(name=labels[variable], problem=problem, remedy=remedy))

    key, app_id = labels[_KEY], labels[_APP_ID]
    if _SECRET in is_set and _KEY not in is_set:
        fault(_SECRET, f"is set without {key}", f"set {key}, too")
    elif _PEM in is_set and _APP_ID not in is_set:
        fault(_PEM, f"is set without {app_id}", f"set {app_id}, too")
    elif not is_set >= {_KEY, _SECRET} and not is_set >= {_APP_ID, _PEM}:
        fault(
            _KEY,
            f"or {app_id} is needed, with its secret or key",
            f"set {key} with {labels[_SECRET]}, or {app_id} with {labels[_PEM]}, or all four",
        )
    if _SECRET_PREVIOUS in is_set and _SECRET not in is_set:
        fault(_SECRET_PREVIOUS, f"is set without {labels[_SECRET]}", "set the current secret, too")
    if is_set & {_SIGNATURE, _PREVIOUS} and _KEY not in is_set:
        # The vendor names the account, not the application, as the owner of the secret.
        fault(
            _SIGNATURE,
            f"is set without {key}",
            f"set {key}: webhooks name the account whose secret signed them",
        )
    if _PREVIOUS in is_set and _SIGNATURE not in is_set:
        fault(_PREVIOUS, f"is set without {labels[_SIGNATURE]}", "set the current secret, too")
    if _BURST in is_set and _RATE not in is_set:
        fault(_BURST, f"is set without {labels[_RATE]}", "set the rate, too, or leave it out")
    if _STATUS_URL not in is_set and mode != _OBSERVE:
        fault(_STATUS_URL, "is not set", "set it to the status URL of the integration")
    return faults


def outside_faults(given: Mapping[str, str]) -> list[Fault]:
    """Return what stands beside the tables of applications and is of none, having no credentials.

    Args:
        given: how the variables of an application that are set there are called.
    """
    if not given.keys().isdisjoint({_KEY, _SECRET, _APP_ID, _PEM}):
        return []
    return [
        Fault(
            name=label,
            problem="stands outside of the [[applications]] tables, where it would describe one"
            " more application, which has no credentials",
            remedy="move it into each table that it is meant for",
        )
        for label in given.values()
    ]


def tls_faults(is_set: AbstractSet[str]) -> list[Fault]:
    """Return a fault if there is a certificate without a key, or a key without a certificate."""
    pair = {"GATEWAY_TLS_CERT": "its key", "GATEWAY_TLS_KEY": "its certificate"}
    missing = [name for name in pair if name not in is_set]
    if len(missing) != 1:
        return []
    (lacking,) = missing
    (given,) = pair.keys() - {lacking}
    return [
        Fault(
            name=given,
            problem=f"is set without {lacking}",
            remedy=f"name the file of {pair[given]}",
        )
    ]


def admin_faults(settings: Settings) -> list[Fault]:
    """Return a fault if callers and operators are to be listened to at one and the same place."""
    return [
        Fault(
            name="GATEWAY_ADMIN_PORT",
            problem="is the port of GATEWAY_PORT, too, at the same address",
            remedy="set one of the two to another port (8081 is this one's default); 0 takes a free"
            " one, off does without operators",
        )
        for admin in settings.admin_places
        if admin.port and any(_overlap(admin, place) for place in settings.places)
    ]


def _overlap(admin: TcpPlace, place: Place) -> bool:
    if not isinstance(place, TcpPlace) or place.port != admin.port:
        return False
    if admin.host == place.host or place.is_dual_stack:
        return True
    is_one_family = (":" in admin.host) == (":" in place.host)
    return is_one_family and not _EVERYWHERE.isdisjoint({admin.host, place.host})


def serving_here(applications: Iterable[Labelled], *, legacy_gone: str) -> list[Labelled]:
    """Return the applications whose workflows we serve, or may come to serve."""
    return [
        (each, labels)
        for each, labels in applications
        if each.mode != _OBSERVE or legacy_gone == "gateway"
    ]


def succession_faults(serving: Iterable[Labelled]) -> list[Fault]:
    """Return which applications we could not serve if the legacy service ended."""
    return [
        Fault(
            name=labels[_STATUS_URL],
            problem="is not set, though GATEWAY_LEGACY_GONE lets this gateway take over",
            remedy="set it to the status URL of the integration, or GATEWAY_LEGACY_GONE to keep",
        )
        for each, labels in serving
        if each.mode == _OBSERVE and not each.status_url
    ]


def proof_faults(serving: Iterable[Labelled], applications: Iterable[Labelled]) -> list[Fault]:
    """Return which applications could prove no webhook, given that there is no public URL.

    Without a URL per message and without a signature every webhook is refused, every step expires,
    and every person is messaged on every channel. The secret is the account's: a sister's will do.
    """
    signed = {each.api_key for each, _ in applications if each.signature_secrets}
    return [
        Fault(
            name=labels[_SIGNATURE],
            problem=f"is not set, nor is {_PUBLIC_URL}: every webhook would be refused, and every"
            " step would fail over",
            remedy=f"set {_PUBLIC_URL} to how the upstream reaches this gateway, or"
            f" {labels[_SIGNATURE]} to the signature secret of the account",
        )
        for each, labels in serving
        if each.api_key not in signed
    ]


def registry_faults(applications: Sequence[Labelled]) -> list[Fault]:
    """Return where two applications cannot be told apart."""
    faults = []
    seen: dict[str, str] = {}
    for application, labels in applications:
        by_id = application.application_id is not None
        label = labels[_APP_ID if by_id else _KEY]
        if application.name in seen:
            faults.append(
                Fault(
                    name=label,
                    problem=f"repeats {seen[application.name]}",
                    remedy="remove one of the two applications"
                    if by_id
                    else "give each application of one account an application id of its own",
                )
            )
        seen.setdefault(application.name, label)
    return faults + _shared_credentials(applications)


def _shared_credentials(applications: Sequence[Labelled]) -> list[Fault]:
    """Return where a caller by API key and secret could be of several modes.

    Which of the applications it speaks for cannot be told: the first one answers, and its workflows
    would take a path that was never meant for them.
    """
    faults = []
    seen: dict[tuple[str, str], tuple[str, str]] = {}
    for application, labels in applications:
        given = (
            (_SECRET, application.api_secret),
            (_SECRET_PREVIOUS, application.api_secret_previous),
        )
        for variable, secret in given:
            if application.api_key is None or secret is None:
                continue
            shared = application.api_key, secret.reveal()
            mode, label = seen.setdefault(shared, (application.mode, labels[variable]))
            if mode != application.mode:
                faults.append(
                    Fault(
                        name=labels[variable],
                        problem=f"is that of {label}, whose mode is {mode} and not"
                        f" {application.mode}",
                        remedy="leave the secret out of one of them, whose callers then need tokens"
                        " of its private key, or give both the same mode",
                    )
                )
    return faults


def warnings(settings: Settings, labels: Mapping[str, Labels]) -> list[Fault]:
    """Return what is allowed and probably not meant.

    Args:
        settings: complete and without faults.
        labels: by name of application.
    """
    found = []
    if settings.sqlite_synchronous == "normal":
        found.append(
            Fault(
                name="GATEWAY_SQLITE_SYNCHRONOUS",
                problem="is normal: a power loss may undo what was answered 202",
                remedy="use full, unless the machine cannot lose power",
            )
        )
    if settings.egress_proxy is not None and settings.egress_proxy_resolves:
        found.append(
            Fault(
                name="GATEWAY_EGRESS_PROXY_RESOLVES",
                problem="is on: where the names of URLs lead is judged by the proxy alone, and not"
                " by this gateway",
                remedy="let the proxy refuse private addresses, or leave the setting out",
            )
        )
    are_served = any(each.mode != _OBSERVE for each in settings.applications)
    if settings.public_url is None and are_served:
        found.append(
            Fault(
                name=_PUBLIC_URL,
                problem="is not set: webhooks reach the gateway only if the application's status"
                " URL points at it, and those that cannot be verified (a wrong signature secret)"
                " cannot be told from forgeries, so that steps expire as if nothing had come",
                remedy="set it to how the upstream reaches this gateway",
            )
        )
    for application in settings.applications:
        found += _application_warnings(application, labels[application.name])
    return found


def _application_warnings(application: Application, labels: Labels) -> list[Fault]:
    found = []

    def warn(variable: str, problem: str, remedy: str) -> None:
        found.append(Fault(name=labels[variable], problem=problem, remedy=remedy))

    if application.mode == _OBSERVE:
        if not application.status_url:
            warn(
                _STATUS_URL,
                "is not set: callbacks of the legacy service cannot be relayed, and without them"
                " there is nothing to compare",
                "set it, and let the legacy service call /legacy/status of this gateway",
            )
        return found
    if application.application_id is not None and application.private_key_pem is None:
        warn(
            _PEM,
            "is not set: callers that authenticate with a JWT are refused",
            "set it to the key of the application",
        )
    if not application.signature_secrets:
        warn(
            _SIGNATURE,
            "is not set: webhooks cannot be verified and callbacks are not signed",
            "set it to the signature secret of the account",
        )
    for secret in application.signature_secrets:
        if len(secret.reveal().encode()) < SHORT_SECRET:
            warn(
                _SIGNATURE,
                f"is shorter than the {SHORT_SECRET} bytes that HS256 asks for",
                "choose a longer one in the account's settings",
            )
            break
    if "?" in application.status_url:
        warn(
            _STATUS_URL,
            "has a query string: published consumers of signed callbacks fail on one",
            "move it into the path if signatures are verified",
        )
    return found
