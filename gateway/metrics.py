"""What the gateway counts, for Prometheus.

Label values come from closed sets (channels, statuses, our own reason words), never from input.
"""

from __future__ import annotations

import math

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The counters of one gateway, on a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "gateway_requests_total",
            "Requests answered, by route and status code.",
            ["route", "code"],
            registry=registry,
        )
        self.connections_refused = Counter(
            "gateway_connections_refused_total",
            "Requests and connections turned away before the application saw them, by reason.",
            ["reason"],
            registry=registry,
        )
        self.dispatches_accepted = Counter(
            "gateway_dispatches_accepted_total", "Dispatches answered 202.", registry=registry
        )
        self.dispatches_closed = Counter(
            "gateway_dispatches_closed_total",
            "Dispatches that reached their final report, by its status.",
            ["status"],
            registry=registry,
        )
        self.failovers = Counter(
            "gateway_failovers_total",
            "Steps that were followed by the next one, by channel and what ended them.",
            ["channel", "reason"],
            registry=registry,
        )
        self.late_deliveries = Counter(
            "gateway_late_deliveries_total",
            "Messages delivered or read after their step had failed over: a person got two.",
            ["channel"],
            registry=registry,
        )
        self.reports_corrected = Counter(
            "gateway_reports_corrected_total",
            "Final reports of an error that were put right.",
            registry=registry,
        )
        self.sends = Counter(
            "gateway_sends_total",
            "Attempts to send a step, by what the answer proved.",
            ["outcome"],
            registry=registry,
        )
        self.send_seconds = Histogram(
            "gateway_send_seconds", "Time of one attempt.", registry=registry, buckets=_SECONDS
        )
        self.steps_in_doubt = Counter(
            "gateway_steps_in_doubt_total",
            "Steps whose send may or may not have happened, by cause.",
            ["cause"],
            registry=registry,
        )
        self.credential_alarms = Counter(
            "gateway_credential_alarms_total",
            "Sends the upstream answered with 401 or 403.",
            registry=registry,
        )
        self.webhooks = Counter(
            "gateway_webhooks_total",
            "Webhooks received, by kind and what was done with them.",
            ["kind", "disposition"],
            registry=registry,
        )
        self.callers_limited = Counter(
            "gateway_callers_limited_total",
            "Requests answered 429 because their application had asked for too much, by its limit.",
            ["limit"],
            registry=registry,
        )
        self.wrong_secrets = Counter(
            "gateway_wrong_secrets_total",
            "Requests without good credentials, by who asked (caller, webhook), what was wrong with"
            " them, and whether they were refused, limited, or told to come again.",
            ["kind", "reason", "answer"],
            registry=registry,
        )
        self.inbound_senders = Counter(
            "gateway_inbound_senders_total",
            "Inbound WhatsApp messages relayed, by what names their sender.",
            ["sender"],
            registry=registry,
        )
        self.callbacks = Counter(
            "gateway_callbacks_total",
            "Attempts to deliver a callback, by outcome.",
            ["outcome"],
            registry=registry,
        )
        self.timer_lag_seconds = Histogram(
            "gateway_timer_lag_seconds",
            "How late timers fired.",
            registry=registry,
            buckets=_SECONDS,
        )
        self.certificate_days = Gauge(
            "gateway_certificate_days",
            "Days until the certificate of the gateway's own listeners ends; NaN without one.",
            registry=registry,
        )
        self.certificate_days.set(math.nan)
        self.alarms = Gauge(
            "gateway_alarms", "Alarms that stand, by kind.", ["kind"], registry=registry
        )
        self.alarms_raised = Counter(
            "gateway_alarms_raised_total", "Alarms raised, by kind.", ["kind"], registry=registry
        )
        self.open_dispatches = Gauge(
            "gateway_open_dispatches", "Dispatches without a final report.", registry=registry
        )
        self.pending_timers = Gauge("gateway_pending_timers", "Timers set.", registry=registry)
        self.held_timers = Gauge(
            "gateway_held_timers", "Timers that are set aside under a hold.", registry=registry
        )
        self.pending_sends = Gauge(
            "gateway_pending_sends", "Sends waiting or under way.", registry=registry
        )
        self.waiting_sends = Gauge(
            "gateway_waiting_sends",
            "Sends of an application waiting or under way.",
            ["application"],
            registry=registry,
        )
        self.oldest_send_seconds = Gauge(
            "gateway_oldest_send_seconds",
            "For how long the oldest send of an application waits for its turn.",
            ["application"],
            registry=registry,
        )
        self.workflows_refused = Counter(
            "gateway_workflows_refused_total",
            "New workflows answered 429, by application and what there was too much of.",
            ["application", "reason"],
            registry=registry,
        )
        self.suspended_sends = Gauge(
            "gateway_suspended_sends",
            "Sends that wait because those of their account cannot be made.",
            registry=registry,
        )
        self.pending_callbacks = Gauge(
            "gateway_callback_backlog", "Callbacks waiting or under way.", registry=registry
        )
        self.dead_letters = Gauge(
            "gateway_dead_letters", "Callbacks whose schedule ended.", registry=registry
        )
        self.held_webhooks = Gauge(
            "gateway_held_webhooks", "Webhooks kept unmatched or unusable.", registry=registry
        )
        self.traces = Counter(
            "gateway_traces_total", "Traces done with, by outcome.", ["outcome"], registry=registry
        )
        self.trace_dropped = Counter(
            "gateway_trace_dropped_total",
            "Facts that belong to no trace, by reason.",
            ["reason"],
            registry=registry,
        )
        self.comparisons = Counter(
            "gateway_comparisons_total",
            "Traces held against what another service would have done.",
            ["candidate", "outcome", "kind"],
            registry=registry,
        )
        self.forwards = Counter(
            "gateway_legacy_forwards_total",
            "Requests passed on to the legacy service, by what came of it.",
            ["outcome"],
            registry=registry,
        )
        self.relays = Counter(
            "gateway_legacy_relays_total",
            "Callbacks of the legacy service passed on, by what came of it.",
            ["outcome"],
            registry=registry,
        )
        self.legacy_gone = Gauge(
            "gateway_legacy_gone", "1 once the legacy service is gone for good.", registry=registry
        )
        self.split_workflows = Counter(
            "gateway_split_workflows_total",
            "Workflows that were given a path, and what decided.",
            ["path", "why"],
            registry=registry,
        )
        self.split_crossings = Counter(
            "gateway_split_crossings_total",
            "Workflows with a recipient whom the other path may message, too.",
            registry=registry,
        )
        self.split_step_backs = Counter(
            "gateway_split_step_backs_total",
            "How often the dial was turned to 0 by the gateway itself, and why.",
            ["cause"],
            registry=registry,
        )
        self.split_share = Gauge(
            "gateway_split_share", "Where the dial stands, from 0 to 1.", registry=registry
        )
        self.split_stepped_back = Gauge(
            "gateway_split_stepped_back",
            "1 while the dial is held at 0 by the gateway itself.",
            registry=registry,
        )
