"""The tables of `docs/conversion.md` about requests: v0.1 to v1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, assert_never

from tests.support.conversion_samples import (
    ACCEPTING,
    TEXT,
    content_of,
    flow,
    longest,
    media,
    moves,
    plan_of,
    shortest,
    step,
)
from tests.support.conversion_tables import NONE, code, move, rule_link, rule_links, section, table
from translators.channels import (
    CHANNEL_ALIASES,
    CHANNELS,
    CONTENT_TYPE_ALIASES,
    AddressForm,
    Channel,
    Choice,
    ContentForm,
    Option,
    Seconds,
    Tag,
    Text,
    Word,
)
from translators.diagnostics import JsonObject, JsonValue, field_path
from translators.dispatch import translate_dispatch
from translators.examples_case import RECIPIENT
from translators.messenger_tags import LEFT
from translators.native import translate_native
from translators.rules import Tolerance

_SMS: Final = CHANNELS["sms"]
_MMS: Final = CHANNELS["mms"]
_RULES_OF_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "messenger.tag": ("REQ182",),
    "whatsapp.locale": ("REQ184", "REQ185", "REQ186"),
}


def request_tables() -> Iterator[str]:
    """Yield the lines of these sections."""
    yield from _envelope()
    yield from _addresses()
    yield from _contents()
    yield from _options()
    yield from _failover()
    yield from _samples()


def content_row(channel: Channel, name: str, form: ContentForm) -> tuple[str, ...]:
    """Return the cells about one type of content on one channel."""
    content = content_of(name, form)
    translation = translate_dispatch(flow(step(channel, content)), ACCEPTING)
    rules = rule_links(translation.codes)
    if form.doubt is not None and form.doubt.tolerance is Tolerance.REFUSE:
        rules += f"; refused unless `GATEWAY_ACCEPT={form.doubt.name}`"
    head = (code(channel.name), code(name))
    if translation.value is None:
        return (*head, NONE, NONE, NONE, "all of it: refused", rules)
    request = translation.value.steps[0].request
    went = [(origin, target) for origin, target in moves(content, request) if origin != "/type"]
    limit = ""
    if isinstance(form.shape, Text):
        sized = longest(lambda size: flow(step(channel, {**TEXT, "text": "x" * size})))
        limit = f", up to {sized} characters"
    carried = [move(origin, target) + limit for origin, target in went if target]
    lost = [code(field_path(origin)) for origin, target in went if not target]
    kinds = (code(str(request["channel"])), code(str(request["message_type"])))
    return (*head, *kinds, "<br>".join(carried), ", ".join(lost), rules)


def _envelope() -> Iterator[str]:
    terms: JsonObject = {"expiry_time": 600, "condition_status": "delivered"}
    sample = step(_SMS, client_ref="order-42", failover=terms)
    request = plan_of(flow(sample, step(_SMS))).steps[0].request
    most = longest(lambda size: flow(_expiring(600 + size), step(_SMS))) + 600
    least = shortest(lambda size: flow(_expiring(size), step(_SMS)), 600)
    reference = longest(lambda size: flow(step(_SMS, client_ref="x" * size)))
    notes = {
        "to.type": "`viber_service_msg` becomes `viber_service`",
        "to.number": "or `to.id`: see the addresses",
        "from.type": f"has to be that of `to`, {rule_link('REQ141')}",
        "from.number": "or `from.id`: see the addresses",
        "message.content.type": "see the content",
        "message.content.text": "or the member that the type names: see the content",
        "client_ref": f"up to {reference} characters, {rule_links(('REQ131', 'REQ132'))}",
        "failover.expiry_time": f"the gateway waits itself: {least} to {most} seconds,"
        f" {rule_links(('REQ135', 'REQ136'))}",
        "failover.condition_status": f"the gateway watches itself, {rule_link('REQ137')}",
    }
    yield from section("Envelope", "Each step of a workflow becomes one v1 request.")
    yield from table(
        ("v0.1, in a step", "v1", ""),
        (
            (code(name), code(field_path(target)) if target else NONE, notes[name])
            for name, target in (
                (field_path(origin), target) for origin, target in moves(sample, request)
            )
        ),
    )
    yield f"What Dispatch has no field for is not sent on: {rule_link('REQ124')};"
    yield f"within the content, where the message says less without it, {rule_link('REQ176')}."
    yield ""


def _expiring(expiry_s: int) -> JsonObject:
    terms: JsonObject = {"expiry_time": expiry_s, "condition_status": "delivered"}
    return step(_SMS, failover=terms)


def _addresses() -> Iterator[str]:
    rules = rule_links(("REQ147", "REQ148"))
    yield from section(
        "Addresses", f"Phone numbers are sent with country code and in digits only: {rules}."
    )
    columns = ("v0.1 channel", "v1 channel", "recipient", "sender")
    yield from table(columns, map(_address_row, CHANNELS.values()))


def _address_row(channel: Channel) -> tuple[str, ...]:
    sample = step(channel)
    request = plan_of(flow(sample)).steps[0].request
    went = dict(moves(sample, request))
    sides = (
        f"{move(f'/{side}/{form.key}', went[f'/{side}/{form.key}'])}, {_address_kind(side, form)}"
        for side, form in (("to", channel.recipient), ("from", channel.sender))
    )
    return (code(channel.name), code(str(request["channel"])), *sides)


def _address_kind(side: str, form: AddressForm) -> str:
    if form.key == "id":
        return "an id"
    if form.alias is not None:
        return f"a phone number; `{side}.{form.alias}` is taken for it, {rule_link('REQ143')}"
    if form.takes_user_ids:
        rules = rule_links(("REQ150", "REQ151"))
        return f"a phone number, or in `{side}.number` or `{side}.id` a user id, {rules}"
    return "a phone number" if form.is_phone else "a phone number, a short code or a name"


def _contents() -> Iterator[str]:
    url = longest(lambda size: flow(step(_MMS, media("image", url=_url(size)))))
    caption = longest(lambda size: flow(step(_MMS, media("image", caption="x" * size))))
    yield from section(
        "Content",
        f"A media URL has up to {url} characters ({rule_link('REQ164')}), a caption up to"
        f" {caption} ({rule_link('REQ167')}). Characters are counted as Unicode code points"
        f" ({rule_link('REQ163')}). A type that is not listed for its channel is refused"
        f" ({rule_link('REQ161')}).",
    )
    yield from table(
        ("v0.1 channel", "content", "v1 channel", "message_type", "carried", "lost", "rules"),
        (
            content_row(channel, name, form)
            for channel in CHANNELS.values()
            for name, form in channel.contents.items()
        ),
    )


def _url(size: int) -> str:
    return "https://example.com/".ljust(size, "x")


def _options() -> Iterator[str]:
    yield from section(
        "Options",
        "In an object beside `content` that is named like the channel. Those of another channel"
        f" are dropped ({rule_link('REQ188')}), so are those that the content has no use for"
        f" ({rule_link('REQ187')}).",
    )
    yield from table(
        ("v0.1, in `message`", "v1", "values", "rules"),
        (
            _option_row(channel, name, option)
            for channel in CHANNELS.values()
            for name, option in channel.options.items()
        ),
    )


def _option_row(channel: Channel, name: str, option: Option) -> tuple[str, ...]:
    kind = channel.options_need or "text"
    content = content_of(kind, channel.contents[kind])
    sample, values, rules = _option(option)
    message: JsonObject = {"content": content, channel.name: {name: sample}}
    request = plan_of(flow(step(channel, message=message))).steps[0].request
    origin = f"/{channel.name}/{name}"
    target = dict(moves(message, request))[origin]
    field = field_path(origin)
    codes = (*rules, *_RULES_OF_OPTIONS.get(field, ()))
    return code(field), code(field_path(target)), values, rule_links(codes)


def _option(option: Option) -> tuple[JsonValue, str, tuple[str, ...]]:
    """Return a value, what values there are, and the rules that refuse others."""
    match option:
        case Choice(values=values, withdrawn=withdrawn):
            gone = "".join(f"; {code(word)} is withdrawn" for word in withdrawn)
            codes = ("REQ180", "REQ190", *(rule.code for rule in withdrawn.values()))
            return values[0], " or ".join(map(code, values)) + gone, codes
        case Seconds(minimum=minimum, maximum=maximum):
            return minimum, f"{minimum} to {maximum} seconds", ("REQ181", "REQ189")
        case Tag():
            kinds = ("REQ191", "REQ192", "REQ193")
            return LEFT, f"{code(LEFT)}; others are withdrawn, and sent all the same", kinds
        case Word():
            return "en_GB", "any text", ()
        case _:
            assert_never(option)


def _failover() -> Iterator[str]:
    yield from section(
        "Failover",
        "What a step can wait for on the gateway, and how close one native v1 request comes: the"
        " grade at best, for an expiry of an hour, with a ttl in its place, and if v1 fails over on"
        " `undeliverable`. [native.md](native.md) says what the grades mean.",
    )
    yield from table(
        ("v0.1 channel", "waits for", "on the gateway", "v1 ttl", "native grade", "rules"),
        (
            _failover_row(channel, condition)
            for channel in CHANNELS.values()
            for condition in ("delivered", "read")
        ),
    )


def _failover_row(channel: Channel, condition: str) -> tuple[str, ...]:
    terms: JsonObject = {"expiry_time": 3600, "condition_status": condition}
    # By SMS at the end, and with content that no rule has anything to say about.
    kind = next(name for name, form in channel.contents.items() if form.doubt is None)
    content: JsonValue = TEXT if kind == "text" else media(kind)
    document = flow(step(channel, content, failover=terms), step(_SMS))
    translation = translate_dispatch(document)
    assert translation.value is not None
    verdict = translate_native(
        translation.value, with_ttl=True, undeliverable_fails_over=True
    ).verdict
    is_met = condition == "delivered" or channel.reports_read
    return (
        code(channel.name),
        code(condition),
        "yes" if is_met else "never met: always fails over at the expiry",
        f"{channel.ttl.minimum} to {channel.ttl.maximum} seconds" if channel.ttl else "none",
        verdict.grade,
        rule_links((*translation.codes, *(found.rule for found in verdict.reasons))),
    )


def _samples() -> Iterator[str]:
    yield from section(
        "Spellings of published samples", "Accepted unless the switch of the rule refuses them."
    )
    yield from table(("written", "taken for", "rule"), _sample_rows())


def _sample_rows() -> Iterator[tuple[str, ...]]:
    for alias, name in CHANNEL_ALIASES.items():
        channel = CHANNELS[name]
        to: JsonObject = {"type": alias, channel.recipient.key: RECIPIENT}
        yield _sample_row(f"to.type: {alias}", f"to.type: {name}", step(channel, to=to))
    for alias, name in CONTENT_TYPE_ALIASES.items():
        content = {**media(name), "type": alias}
        yield _sample_row(f"content.type: {alias}", f"content.type: {name}", step(_MMS, content))
    for channel in CHANNELS.values():
        key_alias = channel.recipient.alias
        if key_alias is not None:
            to = {"type": channel.name, key_alias: RECIPIENT}
            key = f"to.{channel.recipient.key}"
            yield _sample_row(f"to.{key_alias} ({channel.name})", key, step(channel, to=to))
    number: JsonObject = {"type": "sms", "number": int(RECIPIENT)}
    yield _sample_row("to.number as a JSON number", "a string", step(_SMS, to=number))


def _sample_row(written: str, meant: str, sample: JsonObject) -> tuple[str, ...]:
    return code(written), code(meant), rule_links(translate_dispatch(flow(sample)).codes)
