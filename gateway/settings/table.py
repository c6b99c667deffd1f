"""The table of settings: each field of `Settings`, and of `Application`, is one row.

The reader, the page `docs/settings.md` and `config show` follow it. A row
is: default, variable, parser, meaning.
"""

# ruff: noqa: RUF009 - `row` declares a field, as `dataclasses.field` does

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from gateway.settings.application import Application
from gateway.settings.egress_values import egress_proxy
from gateway.settings.mode_values import (
    ACKNOWLEDGEMENT,
    acknowledgement,
    dial,
    handsets,
    instant,
)
from gateway.settings.network_values import (
    DEFAULT_ADMIN_PORT,
    OFF,
    admin_host,
    admin_port,
    host_names,
    path,
    trusted_proxies,
)
from gateway.settings.places import Place, TcpPlace, listen_hosts, places
from gateway.settings.rows import Fault, row, table_markdown
from gateway.settings.values import (
    Secret,
    amount,
    base_url,
    choice,
    decimal,
    flag,
    legacy_url,
    names,
    order_patience,
    ports,
    store_url,
    text,
    trace_key,
    upstream_url,
    whole,
)

_DAY_S: Final = 24 * 3600

_HORIZON: Final = whole(60, 30 * _DAY_S)
_HORIZON_OF: Final = "the same for workflows whose last step is `{}`; statuses come for up to {}"
_AS_ALL: Final = "`GATEWAY_HORIZON`"
_ORDER_PATIENCE: Final[float | str] = 30.0


# A table is read by its rows, so the formatter is kept off it.
# fmt: off
@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of one gateway. Durations are in the unit of their name."""

    host: str = row(
        "127.0.0.1", "GATEWAY_HOST", listen_hosts,
        "the address to listen on, or several, separated by commas. `::` takes callers of IPv4,"
        " too; `unix:/path` is a socket in the file system",
    )
    port: int = row(
        8080, "GATEWAY_PORT", whole(0, 65535),
        "the port to listen on; 0 takes a free one",
    )
    tls_cert: str | None = row(
        None, "GATEWAY_TLS_CERT", path,
        "a PEM file with the certificate of the gateway's own TLS and its chain; looked at again"
        " every two seconds",
    )
    tls_key: str | None = row(
        None, "GATEWAY_TLS_KEY", path,
        "the PEM file of its key, without a passphrase",
    )
    admin_host: str = row(
        "127.0.0.1", "GATEWAY_ADMIN_HOST", admin_host,
        "the address of the admin bind, where `/metrics` and the full `/readyz` are; who reaches"
        " it needs no credentials",
    )
    admin_port: int | str | None = row(
        None, "GATEWAY_ADMIN_PORT", admin_port,
        f"the port of the admin bind; 0 takes a free one, `{OFF}` does without",
        default_note=f"`{DEFAULT_ADMIN_PORT}`, or a free one where `GATEWAY_PORT` is 0",
    )
    hosts: frozenset[str] = row(
        frozenset(), "GATEWAY_HOSTS", host_names,
        "the names under which the gateway is asked, separated by commas; a request for another"
        " one is answered 421. The name in `GATEWAY_PUBLIC_URL` is always one of them",
        default_note="any",
    )
    trusted_proxies: frozenset[str] = row(
        frozenset(), "GATEWAY_TRUSTED_PROXIES", trusted_proxies,
        "addresses and networks, and `unix`, whose `X-Forwarded-For` says who calls; of anybody"
        " else it is ignored",
    )
    store: str = row(
        "sqlite:///dispatch-gateway.db", "GATEWAY_STORE", store_url,
        "where dispatches are kept: `sqlite:///relative.db` or `sqlite:////absolute/path.db`. One"
        " process owns the file",
    )
    upstream: str = row(
        "https://api.nexmo.com", "GATEWAY_UPSTREAM", upstream_url,
        "base URL of Messages v1",
    )
    public_url: str | None = row(
        None, "GATEWAY_PUBLIC_URL", base_url,
        "how the upstream reaches us; sets `webhook_url` on every send",
    )
    allow_private_callbacks: bool = row(
        False, "GATEWAY_ALLOW_PRIVATE_CALLBACKS", flag,
        "let callback and upstream URLs point at loopback and private addresses",
    )
    https_callbacks_only: bool = row(
        False, "GATEWAY_HTTPS_CALLBACKS_ONLY", flag,
        "refuse callback and upstream URLs without TLS",
    )
    callback_ports: frozenset[int] = row(
        frozenset(), "GATEWAY_CALLBACK_PORTS", ports,
        "ports that callback URLs and `GATEWAY_UPSTREAM` may use besides 80, 443, 8080 and 8443,"
        " separated by commas",
    )
    egress_proxy: Secret | None = row(
        None, "GATEWAY_EGRESS_PROXY", egress_proxy,
        "the forward proxy that everything goes out through, as in"
        " `http://user:password@proxy.example.com:3128`; it is asked by `CONNECT` for the address"
        " that was checked",
        is_secret=True,
    )
    egress_proxy_resolves: bool = row(
        False, "GATEWAY_EGRESS_PROXY_RESOLVES", flag,
        "tell that proxy names instead of addresses: it alone then judges where they lead",
    )
    ca_file: str | None = row(
        None, "GATEWAY_CA_FILE", text,
        "a PEM file of certificate authorities that are trusted besides the system's",
    )
    client_cert: str | None = row(
        None, "GATEWAY_CLIENT_CERT", text,
        "a PEM file with the certificate, and its chain, that is shown to whoever asks for one",
    )
    client_key: str | None = row(
        None, "GATEWAY_CLIENT_KEY", text,
        "the PEM file of its key, without a passphrase",
        default_note="in the file of the certificate",
    )
    legacy: str = row(
        "", "GATEWAY_LEGACY", legacy_url,
        "base URL of the legacy service, to which the mode `observe` forwards; where it is set, its"
        " callbacks are relayed in every mode",
        default_note="`https://api.nexmo.com`",
    )
    legacy_gone: str = row(
        "keep", "GATEWAY_LEGACY_GONE", choice("keep", "gateway"),
        "what follows when the legacy service is gone for good: `keep` passes its answers on,"
        " `gateway` serves new workflows here",
    )
    legacy_timeout_s: float = row(
        25.0, "GATEWAY_LEGACY_TIMEOUT", decimal(0.1, 600),
        "seconds one forwarded request may take in all",
    )
    trace: str | None = row(
        None, "GATEWAY_TRACE", text,
        "a file that one record of each workflow is appended to, pseudonymised",
    )
    trace_key: Secret | None = row(
        None, "GATEWAY_TRACE_KEY", trace_key,
        "the key of the pseudonyms, at least 16 characters; the same key gives the same ones",
        is_secret=True, default_note="drawn at each start",
    )
    trace_linger_s: int = row(
        3_600, "GATEWAY_TRACE_LINGER", whole(1, 7 * 86_400),
        "seconds that a trace stays open after its report, for late statuses",
    )
    trace_queue: int = row(
        10_000, "GATEWAY_TRACE_QUEUE", whole(1, 1_000_000),
        "facts that may wait to be recorded; what comes beyond is dropped and counted",
    )
    split: str = row(
        "0", "GATEWAY_SPLIT", dial,
        "the percentage of recipients that the mode `split` serves here, or the absolute path of a"
        " file that holds it and is looked at again every second; a fault without that mode",
    )
    paired_allow: frozenset[str] = row(
        frozenset(), "GATEWAY_PAIRED_ALLOW", handsets,
        "the numbers that the mode `paired` may message, separated by commas: test handsets of"
        " your own",
    )
    paired_acknowledge: str | None = row(
        None, "GATEWAY_PAIRED_ACKNOWLEDGE", acknowledgement,
        f"`{ACKNOWLEDGEMENT}`: without this sentence the mode `paired` does not start",
    )
    paired_max: int | None = row(
        None, "GATEWAY_PAIRED_MAX", whole(1, 1000),
        "messages that the mode `paired` may send in all, both paths counted; 1000 at most",
    )
    paired_until: datetime | None = row(
        None, "GATEWAY_PAIRED_UNTIL", instant,
        "when the mode `paired` ends, as in `2025-02-03T12:00:00Z`; 7 days ahead at most",
    )
    accept: frozenset[str] = row(
        frozenset(), "GATEWAY_ACCEPT", names,
        "rules, by name or code, whose requests are accepted with a warning though they are"
        " refused by default",
    )
    refuse: frozenset[str] = row(
        frozenset(), "GATEWAY_REFUSE", names,
        "rules, by name or code, whose requests are refused though they are accepted by default",
    )
    default_locale: str | None = row(
        None, "GATEWAY_DEFAULT_LOCALE", text,
        "the locale of WhatsApp templates that name none; without it they are refused",
    )
    authentication_templates: frozenset[str] = row(
        frozenset(), "GATEWAY_AUTHENTICATION_TEMPLATES", names,
        "names of WhatsApp templates that are authentication templates, separated by commas, with"
        " or without their namespace: to a user id, which cannot receive them, they are refused",
    )
    max_steps: int = row(
        100, "GATEWAY_MAX_STEPS", whole(0, 10_000),
        "the longest workflow accepted; 0 lifts the cap",
    )
    max_body: int = row(
        256 * 1024, "GATEWAY_MAX_BODY", whole(1024, 16 * 1024 * 1024),
        "the largest request body accepted, in bytes",
    )
    invalid_parameters: str = row(
        "object", "GATEWAY_INVALID_PARAMETERS", choice("object", "array"),
        "`invalid_parameters` of a refusal: the documented `object` (the first fault), or an"
        " `array` of all of them",
    )
    expiry_starts: str = row(
        "accepted", "GATEWAY_EXPIRY_STARTS", choice("accepted", "intent"),
        "when `expiry_time` begins to count: `accepted`, when the upstream's 202 is received, or"
        " `intent`, just before the send",
    )
    horizon_s: int = row(
        3 * _DAY_S, "GATEWAY_HORIZON", _HORIZON,
        "seconds after which a last step that never resolves closes its dispatch with `error`",
    )
    horizon_whatsapp_s: int | None = row(
        None, "GATEWAY_HORIZON_WHATSAPP", _HORIZON, _HORIZON_OF.format("whatsapp", "30 days"),
        default_note=_AS_ALL,
    )
    horizon_viber_service_msg_s: int | None = row(
        None, "GATEWAY_HORIZON_VIBER_SERVICE_MSG", _HORIZON,
        _HORIZON_OF.format("viber_service_msg", "14 days"), default_note=_AS_ALL,
    )
    horizon_messenger_s: int | None = row(
        None, "GATEWAY_HORIZON_MESSENGER", _HORIZON, _HORIZON_OF.format("messenger", "30 days"),
        default_note=_AS_ALL,
    )
    horizon_mms_s: int | None = row(
        None, "GATEWAY_HORIZON_MMS", _HORIZON, _HORIZON_OF.format("mms", "72 hours"),
        default_note=_AS_ALL,
    )
    horizon_sms_s: int | None = row(
        None, "GATEWAY_HORIZON_SMS", _HORIZON, _HORIZON_OF.format("sms", "72 hours"),
        default_note=_AS_ALL,
    )
    report_corrections: bool = row(
        False, "GATEWAY_REPORT_CORRECTIONS", flag,
        "after a final report that said `error`, post one more, with the header `Gateway-Report:"
        " correction`, when a step succeeds after all; for dispatches accepted from then on",
    )
    unheard_hold_s: int = row(
        900, "GATEWAY_UNHEARD_HOLD", whole(0, _DAY_S),
        "seconds that the timers of an account wait when its sends are accepted and no webhook"
        " comes; 0 does not wait",
    )
    stale_after_s: int = row(
        _DAY_S, "GATEWAY_STALE_AFTER", whole(60, 30 * _DAY_S),
        "seconds after which what is overdue closes its dispatch with `error` instead of being"
        " sent",
    )
    clock: str = row(
        "checked", "GATEWAY_CLOCK", choice("checked", "own"),
        "`checked` compares the clock with the store's and the upstream's at the start, before any"
        " overdue timer fires; `own` trusts it",
    )
    in_doubt_grace_s: int = row(
        900, "GATEWAY_IN_DOUBT_GRACE", whole(1, 3 * _DAY_S),
        "seconds a last step whose send is in doubt waits for a webhook that proves it",
    )
    resend_in_doubt: str = row(
        "never", "GATEWAY_RESEND_IN_DOUBT", choice("never", "last-step-once"),
        "`last-step-once` sends an in-doubt last step once more when its grace ends: the"
        " recipient may get it twice",
    )
    send_budget_s: float = row(
        3600.0, "GATEWAY_SEND_BUDGET", decimal(0, _DAY_S),
        "seconds in which the send of a last step that provably did not happen is tried again; the"
        " steps before it have their own `expiry_time`. 0 tries nothing again, and refuses the step"
        " at once",
    )
    while_mute: str = row(
        "refuse", "GATEWAY_WHILE_MUTE", choice("refuse", "hold"),
        "what follows for new workflows while the sends of their account cannot be made: `refuse`"
        " answers 503, `hold` accepts them and sends them afterwards, for callers that drop a"
        " workflow on a 503",
    )
    max_send_age_s: int = row(
        900, "GATEWAY_MAX_SEND_AGE", whole(0, _DAY_S),
        "seconds that sends of an application may wait for their turn. Its new workflows are"
        " answered 429 while the oldest one waits for longer, and while more wait than"
        " `GATEWAY_SEND_RATE` lets out in that time; 0 lifts the limit",
    )
    send_timeout_s: float = row(
        10.0, "GATEWAY_SEND_TIMEOUT", decimal(0.1, 25),
        "seconds one send may take in all",
    )
    send_rate: float = row(
        30.0, "GATEWAY_SEND_RATE", decimal(0, 100_000),
        "messages per second for each API key; 0 lifts the limit",
    )
    send_concurrency: int = row(
        64, "GATEWAY_SEND_CONCURRENCY", whole(1, 1024),
        "sends under way at once",
    )
    callback_schedule: str = row(
        "legacy", "GATEWAY_CALLBACK_SCHEDULE", choice("legacy", "standard"),
        "`legacy` doubles from 5 s to 15 min for 24 h; `standard` is the list of Standard"
        " Webhooks, about three days",
    )
    order_patience: float | str = row(
        _ORDER_PATIENCE, "GATEWAY_ORDER_PATIENCE", order_patience,
        "seconds that the callbacks of one dispatch to one URL wait for one before them that fails,"
        " counted from its first attempt that failed; then they overtake it. `strict`: they wait"
        " until it is taken or given up",
    )
    callback_concurrency: int = row(
        16, "GATEWAY_CALLBACK_CONCURRENCY", whole(1, 1024),
        "callbacks under way at once to one origin",
    )
    callback_timeout_s: float = row(
        15.0, "GATEWAY_CALLBACK_TIMEOUT", decimal(0.1, 25),
        "seconds one callback may take in all",
    )
    standard_webhooks: bool = row(
        False, "GATEWAY_STANDARD_WEBHOOKS", flag,
        "add the headers of Standard Webhooks to callbacks, beside the legacy signature",
    )
    links: str = row(
        "both", "GATEWAY_LINKS", choice("both", "workflow", "dispatch"),
        "which `_links` status callbacks carry: the specification names `workflow`, real traffic"
        " had `dispatch`",
    )
    workflow_fee: Decimal = row(
        Decimal(0), "GATEWAY_WORKFLOW_FEE", amount,
        "euros added to the total price of each final report",
    )
    message_href: str = row(
        "uuid", "GATEWAY_MESSAGE_HREF", choice("uuid", "path"),
        "`href` of the messages in a final report: the `uuid` alone or the `path`"
        " `v0.1/messages/<uuid>`",
    )
    pass_v1_codes: bool = row(
        False, "GATEWAY_PASS_V1_CODES", flag,
        "leave error codes that only v1 knows (1400 to 1450) as they are",
    )
    template_rejection: str = row(
        "pass", "GATEWAY_TEMPLATE_REJECTION", choice("pass", "invalid-template"),
        "how WhatsApp's code 131062, for an authentication template sent to a user id, is told:"
        " `pass` leaves the number, which no v0.1 catalogue lists; `invalid-template` writes 1022",
    )
    user_id_form: str = row(
        "both", "GATEWAY_USER_ID_FORM", choice("both", "id", "number"),
        "where callbacks show the WhatsApp user id of somebody whose number is hidden: in `number`"
        " and in `id`, or in one of them",
    )
    reply_as_text: bool = row(
        False, "GATEWAY_REPLY_AS_TEXT", flag,
        "hand inbound replies (a chosen button or list row) to the caller as plain text",
    )
    webhook_max_age_s: int = row(
        90_000, "GATEWAY_WEBHOOK_MAX_AGE", whole(60, 7 * _DAY_S),
        "seconds a signed webhook stays acceptable; the vendor repeats for 24 hours",
    )
    jwt_leeway_s: int = row(
        60, "GATEWAY_JWT_LEEWAY", whole(0, 600),
        "seconds the clocks of callers may differ from ours",
    )
    retention_days: float = row(
        7.0, "GATEWAY_RETENTION_DAYS", decimal(1, 3650),
        "days after its end, at least 1, at which the addresses, texts and dead letters of a"
        " dispatch are wiped; its state, history and ids stay",
    )
    sqlite_writer: str = row(
        "auto", "GATEWAY_SQLITE_WRITER", choice("auto", "loop", "thread"),
        "where commits run: in the event `loop` (fast disks), in a `thread` (slow ones), or as"
        " measured at the start",
    )
    sqlite_synchronous: str = row(
        "full", "GATEWAY_SQLITE_SYNCHRONOUS", choice("full", "normal"),
        "`normal` is faster, but a power loss may then undo what was already answered 202",
    )
    drain_s: float = row(
        20.0, "GATEWAY_DRAIN", decimal(0, 600),
        "seconds work under way is given to end at shutdown",
    )
    log_level: str = row(
        "info", "GATEWAY_LOG_LEVEL", choice("debug", "info", "warning", "error"),
        "the least important lines that are logged",
    )
    log_format: str = row(
        "auto", "GATEWAY_LOG_FORMAT", choice("json", "console", "auto"),
        "`auto` is `console` on a terminal and `json` elsewhere",
    )

    applications: tuple[Application, ...] = ()
    warnings: tuple[Fault, ...] = ()
    """What is allowed, and probably not meant."""

    @property
    def places(self) -> tuple[Place, ...]:
        """Where callers and the upstream are listened to."""
        return places(self.host, self.port)

    @property
    def admin_places(self) -> tuple[TcpPlace, ...]:
        """Where operators are listened to: one place, or none."""
        port = self.admin_port
        if port is None:
            # Who takes any port for the gateway starts several of them on this machine.
            port = 0 if self.port == 0 else DEFAULT_ADMIN_PORT
        return () if isinstance(port, str) else (TcpPlace(host=self.admin_host, port=port),)
# fmt: on


def settings_table_markdown() -> str:
    """Return the tables of `docs/settings.md`: the gateway's, then those of an application."""
    return f"{table_markdown(Settings)}\n\n{table_markdown(Application)}\n"
