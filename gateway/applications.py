"""The applications a gateway serves, and who may speak for which of them."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.settings import Application
from gateway.signatures import SignedClaims

UNSIGNED = "unsigned"
"""The sender of a webhook that no secret could be asked about."""

_ACCOUNT = "account:"
_UNPROVEN = "unproven:"
"""Before the account that a webhook claims to be of: nothing that says so is ever applied."""


class Applications:
    """A registry by name and by account."""

    def __init__(self, applications: Sequence[Application]) -> None:
        self.by_name: dict[str, Application] = {}
        """Follows a replacement: whoever holds it sees the present ones."""
        self.replace(applications)

    def replace(self, applications: Sequence[Application]) -> None:
        """Let these be the applications from now on: the same ones, with other secrets."""
        secrets: dict[str, list[str]] = {}
        for application in applications:
            if application.api_key is not None:
                known = secrets.setdefault(application.api_key, [])
                known += [
                    secret.reveal()
                    for secret in application.signature_secrets
                    if secret.reveal() not in known
                ]
        self._secrets = secrets
        self._by_id = {a.application_id: a for a in applications if a.application_id is not None}
        self.by_name.update({application.name: application for application in applications})
        self.are_signed = any(secrets.values())
        """Whether any application has a signature secret, so that webhooks can be verified."""
        self.are_all_signed = all(self.secrets_of(a.api_key or "") for a in applications)
        """Whether every one has, so that no webhook goes without."""

    def secrets_of(self, api_key: str) -> Sequence[str]:
        """Return the signature secrets of an account, newest first; none for a stranger."""
        return self._secrets.get(api_key, ())

    def sender_of(self, claims: SignedClaims) -> str | None:
        """Name the signer of a webhook; None when its claims contradict what we know.

        The vendor signs with the account's secret. A claim that names an application of ours
        narrows the signer to it; it must be of the same account.
        """
        if claims.application_id is None:
            return f"{_ACCOUNT}{claims.api_key}"
        named = self._by_id.get(claims.application_id.lower())  # settings keep ids in lower case
        if named is None:
            return f"{_ACCOUNT}{claims.api_key}"
        return named.name if named.api_key == claims.api_key else None

    def speaks_for(self, sender: str, application: str) -> bool:
        """Tell whether `sender` may report on messages of `application`."""
        known = self.by_name.get(application)
        if known is None:
            return False
        if sender == UNSIGNED:
            return not self.secrets_of(known.api_key or "")
        is_its_account = known.api_key is not None and sender == f"{_ACCOUNT}{known.api_key}"
        return is_its_account or sender == application

    def stranger_of(self, api_key: object) -> str:
        """Name the sender of a webhook that nobody signed and that claims to be of an account.

        Where there is one account only, it is that one's, whatever it claims. `speaks_for` is false
        of all of them: they are kept to be read.
        """
        accounts = {application.account for application in self.by_name.values()}
        if len(accounts) > 1:
            accounts.intersection_update({api_key} if isinstance(api_key, str) else ())
        return f"{_UNPROVEN}{next(iter(accounts), '')}"

    def account_of(self, sender: str) -> str:
        """Return the account a sender belongs to, or claims to; "" where there is none."""
        if sender in self.by_name:
            return self.by_name[sender].account
        for prefix in (_ACCOUNT, _UNPROVEN):
            if sender.startswith(prefix):
                return sender.removeprefix(prefix)
        return ""

    def senders_to(self, application: Application) -> Sequence[str]:
        """Return every sender whose webhooks an application may see.

        These are all that speak for it, and strangers that claim to be of its account. What nobody
        had to sign is seen only where it can be of no other account.
        """
        senders = [application.name, f"{_UNPROVEN}{application.account}"]
        if application.api_key is not None:
            senders.append(f"{_ACCOUNT}{application.api_key}")
        unsigned = {a.account for a in self.by_name.values() if self.speaks_for(UNSIGNED, a.name)}
        return [*senders, UNSIGNED] if unsigned == {application.account} else senders

    def inbound_of(self, sender: str) -> Application | None:
        """Return the application that receives inbound messages signed by `sender`, if any.

        None, too, where the account has several that want them elsewhere and the signer names
        none of them: one customer's message must not reach another.
        """
        wanting = [
            application
            for application in self.by_name.values()
            if application.inbound_url is not None and self.speaks_for(sender, application.name)
        ]
        is_clear = len({application.inbound_url for application in wanting}) == 1
        return wanting[0] if is_clear else None
