"""Who may speak for which application, and whose secrets verify what."""

from __future__ import annotations

import pytest

from gateway.applications import UNSIGNED, Applications
from gateway.settings import Application, Secret
from gateway.signatures import SignedClaims

SHOP_ID = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"
BANK_ID = "bbbbbbbb-bbbb-4ccc-8ddd-0123456789ab"


def application(
    name: str,
    *secrets: str,
    api_key: str | None = "account-1",
    application_id: str | None = None,
    inbound_url: str | None = None,
) -> Application:
    return Application(
        name=name,
        api_key=api_key,
        application_id=application_id,
        signature_secrets=tuple(map(Secret, secrets)),
        status_url="https://example.com/status",
        inbound_url=inbound_url,
    )


def claims(api_key: str, application_id: str | None = None) -> SignedClaims:
    return SignedClaims(
        api_key=api_key, application_id=application_id, issued_at_s=0, token_id=None
    )


SHOP = application("shop", "new", "old", application_id=SHOP_ID)
SISTER = application("sister", "new", "third")
BANK = application("bank", "theirs", api_key="account-2", application_id=BANK_ID)
MUTE = application("mute", api_key="account-3")
KEYLESS = application("keyless", api_key=None, application_id=SHOP_ID)


def test_an_application_is_found_by_its_name() -> None:
    assert Applications([SHOP, BANK]).by_name == {"shop": SHOP, "bank": BANK}


# Secrets


def test_both_secrets_verify_while_one_replaces_the_other() -> None:
    assert Applications([SHOP]).secrets_of("account-1") == ["new", "old"]


def test_applications_of_one_account_share_their_secrets_each_once() -> None:
    assert Applications([SHOP, SISTER]).secrets_of("account-1") == ["new", "old", "third"]


@pytest.mark.parametrize("api_key", ["stranger", "", "account-3"])
def test_where_no_secret_is_known_there_is_none_to_try(api_key: str) -> None:
    assert not Applications([SHOP, BANK, MUTE]).secrets_of(api_key)


@pytest.mark.parametrize(
    ("applications", "are_signed", "are_all_signed"),
    [
        ([SHOP, BANK], True, True),
        ([SHOP, MUTE], True, False),
        ([MUTE], False, False),
        ([KEYLESS], False, False),
        # The account's secret verifies what concerns any of its applications.
        ([SHOP, application("sibling")], True, True),
    ],
)
def test_an_application_is_signed_when_its_account_has_a_secret(
    applications: list[Application], are_signed: bool, are_all_signed: bool
) -> None:
    registry = Applications(applications)
    assert (registry.are_signed, registry.are_all_signed) == (are_signed, are_all_signed)


# Signers


@pytest.mark.parametrize(
    ("said", "sender"),
    [
        (claims("account-1"), "account:account-1"),
        (claims("account-1", SHOP_ID), "shop"),
        (claims("account-1", SHOP_ID.upper()), "shop"),
        (claims("account-1", "cccccccc-bbbb-4ccc-8ddd-0123456789ab"), "account:account-1"),
        (claims("account-1", BANK_ID), None),
        (claims("account-2", BANK_ID), "bank"),
    ],
    ids=["account", "application", "upper case", "not one of ours", "another's", "the other"],
)
def test_a_signer_is_the_account_or_the_application_it_names(
    said: SignedClaims, sender: str | None
) -> None:
    assert Applications([SHOP, BANK]).sender_of(said) == sender


@pytest.mark.parametrize(
    ("sender", "spoken_for"),
    [
        ("account:account-1", {"shop", "sister"}),
        ("account:account-2", {"bank"}),
        ("shop", {"shop"}),
        ("bank", {"bank"}),
        (UNSIGNED, {"mute"}),
        ("account:None", set()),
        ("account:", set()),
        ("stranger", set()),
        ("", set()),
    ],
)
def test_a_sender_speaks_for_what_is_its_own(sender: str, spoken_for: set[str]) -> None:
    registry = Applications([SHOP, SISTER, BANK, MUTE])
    assert {name for name in registry.by_name if registry.speaks_for(sender, name)} == spoken_for


def test_nobody_speaks_for_an_application_that_is_not_configured() -> None:
    registry = Applications([SHOP])
    assert not any(registry.speaks_for(sender, "gone") for sender in ("gone", UNSIGNED, "shop"))


def test_the_word_none_does_not_speak_for_an_application_without_account() -> None:
    assert not Applications([KEYLESS]).speaks_for("account:None", "keyless")


# Inbound


WANTING = application("wanting", inbound_url="https://example.com/inbound")


def test_inbound_messages_go_to_the_application_that_wants_them() -> None:
    assert Applications([SHOP, WANTING]).inbound_of("account:account-1") == WANTING


def test_inbound_messages_that_several_applications_want_go_to_none_unless_one_is_named() -> None:
    registry = Applications([WANTING, application("later", inbound_url="https://example.com/2")])
    assert registry.inbound_of("account:account-1") is None
    assert registry.inbound_of("wanting") == WANTING


def test_inbound_messages_that_all_applications_want_at_one_url_go_there() -> None:
    registry = Applications([WANTING, application("sister", inbound_url=WANTING.inbound_url)])
    assert registry.inbound_of("account:account-1") == WANTING


def test_inbound_messages_of_a_named_application_go_to_no_sister() -> None:
    assert Applications([SHOP, WANTING]).inbound_of("shop") is None


def test_inbound_messages_do_not_cross_accounts() -> None:
    assert Applications([WANTING, BANK]).inbound_of("account:account-2") is None


# Senders


ACCOUNTS = {
    "account:account-2": "account-2",
    "account:stranger": "stranger",
    "unproven:account-1": "account-1",
    "unproven:": "",
    "bank": "account-2",
    UNSIGNED: "",
}


@pytest.mark.parametrize("sender", ACCOUNTS)
def test_a_sender_is_of_the_account_it_names(sender: str) -> None:
    assert Applications([SHOP, BANK]).account_of(sender) == ACCOUNTS[sender]


@pytest.mark.parametrize(
    ("applications", "claim", "account"),
    [
        ([SHOP, SISTER], None, "account-1"),
        ([SHOP, SISTER], "stranger", "account-1"),
        ([SHOP, BANK], "account-2", "account-2"),
        ([SHOP, BANK], "stranger", ""),
        ([SHOP, BANK], None, ""),
        ([SHOP, BANK], ["account-2"], ""),
    ],
)
def test_a_stranger_is_of_the_only_account_or_of_the_one_it_claims(
    applications: list[Application], claim: object, account: str
) -> None:
    registry = Applications(applications)
    assert registry.account_of(registry.stranger_of(claim)) == account


def test_a_stranger_speaks_for_no_application() -> None:
    registry = Applications([SHOP, MUTE])
    strangers = [registry.stranger_of(each) for each in ("account-1", "account-3", None)]
    assert not any(
        registry.speaks_for(each, name) for each in strangers for name in ("shop", "mute")
    )


def test_an_application_sees_what_speaks_for_it_or_claims_its_account() -> None:
    senders = Applications([SHOP, SISTER, BANK]).senders_to(SHOP)
    assert set(senders) == {"shop", "account:account-1", "unproven:account-1"}


def test_what_needs_no_signature_is_seen_where_it_can_be_of_no_other_account() -> None:
    other = application("other", api_key="account-4")
    assert UNSIGNED in Applications([SHOP, MUTE]).senders_to(MUTE)
    assert UNSIGNED not in Applications([SHOP, MUTE]).senders_to(SHOP)
    assert UNSIGNED not in Applications([other, MUTE]).senders_to(MUTE)


def test_an_application_without_account_sees_its_own() -> None:
    assert set(Applications([KEYLESS, SHOP]).senders_to(KEYLESS)) == {
        *("keyless", "unproven:keyless", UNSIGNED)
    }
