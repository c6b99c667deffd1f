"""The rules of Dispatch requests: the body, its steps and their failover terms.

Those of documents, addresses, content and channel options have modules of their own; the whole
table of requests is `REQUEST_RULES`.
"""

from __future__ import annotations

from typing import Final

from translators.diagnostics import Severity
from translators.rules import Rule, Tolerance
from translators.rules_address import ADDRESS_RULES
from translators.rules_content import CONTENT_RULES
from translators.rules_document import DOCUMENT_RULES
from translators.rules_options import OPTION_RULES

VERIFY_REQUEST: Final = Rule(
    code="REQ119",
    name="verify-request",
    severity=Severity.ERROR,
    why="It is a request to Verify v2, which sends a code and checks it. Dispatch sends messages,"
    " and this gateway takes those alone.",
    remedy="Send it to Verify (POST /v2/verify); it needs neither Dispatch nor this gateway.",
    example="",
    since="0.1.0",
    source="docs/wire.md section 1.6",
)
DOCUMENT_NOT_AN_OBJECT: Final = Rule(
    code="REQ120",
    name="document-not-an-object",
    severity=Severity.ERROR,
    why="A dispatch is one JSON object with template and workflow.",
    remedy="Send an object; of an array, each element by itself: `jq -c '.[]'` makes them lines.",
    example="",
    since="0.1.0",
    source="docs/wire.md section 1.3",
)
FIELD_MISSING: Final = Rule(
    code="REQ121",
    name="field-missing",
    severity=Severity.ERROR,
    why="Dispatch requires the field.",
    remedy="Add the field.",
    example="/workflow/0/from/number",
    since="0.1.0",
    source="docs/wire.md section 1.3",
)
FIELD_WRONG_TYPE: Final = Rule(
    code="REQ122",
    name="field-wrong-type",
    severity=Severity.ERROR,
    why="The field holds another type than documented, so its meaning is a guess.",
    remedy="Write the value as the type named.",
    example="/workflow/0/message",
    since="0.1.0",
    source="docs/wire.md section 1.3",
)
VALUE_EMPTY: Final = Rule(
    code="REQ123",
    name="value-empty",
    severity=Severity.ERROR,
    why="An empty string says nothing where Dispatch asks for something.",
    remedy="Fill the field in.",
    example="/workflow/0/message/content/text",
    since="0.1.0",
    source="docs/wire.md section 2.2",
)
FIELD_UNKNOWN: Final = Rule(
    code="REQ124",
    name="field-unknown",
    severity=Severity.NOTE,
    why="Dispatch v0.1 has no such field here. It is not forwarded.",
    remedy="Remove it, or see whether its name is misspelt.",
    example="/workflow/0/priority",
    since="0.1.0",
    source="docs/wire.md section 1.4",
)
NULL_AS_ABSENT: Final = Rule(
    code="REQ125",
    name="null-as-absent",
    severity=Severity.WARNING,
    why="Many serializers write null for what is not set; the field is taken as left out.",
    remedy="Leave the field out.",
    example="/workflow/0/client_ref",
    since="0.1.0",
    source="docs/wire.md section 1.3",
    tolerance=Tolerance.ACCEPT,
)
INTEGER_AS_FRACTION: Final = Rule(
    code="REQ126",
    name="integer-as-fraction",
    severity=Severity.NOTE,
    why="The number is whole and written with a fraction or an exponent; JSON draws no line.",
    remedy="Write the number without them.",
    example="/workflow/0/failover/expiry_time",
    since="0.1.0",
    source="docs/wire.md section 1.3",
)
TEMPLATE_UNKNOWN: Final = Rule(
    code="REQ127",
    name="template-unknown",
    severity=Severity.ERROR,
    why="Dispatch has one template: failover.",
    remedy='Write "failover".',
    example="/template",
    since="0.1.0",
    source="docs/wire.md section 1.3",
)
WORKFLOW_EMPTY: Final = Rule(
    code="REQ128",
    name="workflow-empty",
    severity=Severity.ERROR,
    why="A workflow without steps sends nothing.",
    remedy="Add a step.",
    example="/workflow",
    since="0.1.0",
    source="docs/wire.md section 1.4",
)
WORKFLOW_TOO_LONG: Final = Rule(
    code="REQ129",
    name="workflow-too-long",
    severity=Severity.ERROR,
    why="The operator limits how many messages one request may cause.",
    remedy="Split the workflow, or ask the operator for a higher limit.",
    example="/workflow",
    since="0.1.0",
    source="docs/wire.md section 1.4",
)
TRAILING_NULL: Final = Rule(
    code="REQ130",
    name="trailing-null",
    severity=Severity.WARNING,
    why="The vendor's own sample puts its callback into the array, where it is sent as null.",
    remedy="Close the array before the callback.",
    example="/workflow/2",
    since="0.1.0",
    source="docs/wire.md section 1.4",
    tolerance=Tolerance.ACCEPT,
)
CLIENT_REF_LONG: Final = Rule(
    code="REQ131",
    name="client-ref-long",
    severity=Severity.WARNING,
    why="v0.1 documents 40 characters; v1 takes 100, so the reference is carried.",
    remedy="Keep references to 40 characters.",
    example="/workflow/0/client_ref",
    since="0.1.0",
    source="docs/wire.md section 2.5",
    tolerance=Tolerance.ACCEPT,
)
CLIENT_REF_TOO_LONG: Final = Rule(
    code="REQ132",
    name="client-ref-too-long",
    severity=Severity.ERROR,
    why="v1 takes 100 characters; a cut reference would match another message.",
    remedy="Shorten the reference.",
    example="/workflow/0/client_ref",
    since="0.1.0",
    source="docs/wire.md section 2.5",
)
FINDINGS_UNLISTED: Final = Rule(
    code="REQ133",
    name="findings-unlisted",
    severity=Severity.NOTE,
    why="The document has so many faults that only the first are listed.",
    remedy="Mend the listed ones and send again.",
    example="",
    since="0.1.0",
    source="docs/wire.md section 1.4",
)
FAILOVER_ON_LAST_STEP: Final = Rule(
    code="REQ134",
    name="failover-on-last-step",
    severity=Severity.ERROR,
    why="The last step has nothing to fail over to; a step may be missing after it.",
    remedy="Remove failover from the last step.",
    example="/workflow/1/failover",
    since="0.1.0",
    source="docs/wire.md section 1.4",
    tolerance=Tolerance.REFUSE,
)
EXPIRY_OUT_OF_RANGE: Final = Rule(
    code="REQ135",
    name="expiry-out-of-range",
    severity=Severity.ERROR,
    why="Dispatch waits between 15 seconds and a day.",
    remedy="Choose 15 to 86400 seconds.",
    example="/workflow/0/failover/expiry_time",
    since="0.1.0",
    source="docs/wire.md section 1.3",
)
EXPIRY_AS_TEXT: Final = Rule(
    code="REQ136",
    name="expiry-as-text",
    severity=Severity.WARNING,
    why="A published use case writes the number of seconds as a string.",
    remedy="Write it as a number.",
    example="/workflow/0/failover/expiry_time",
    since="0.1.0",
    source="docs/wire.md section 1.3",
    tolerance=Tolerance.ACCEPT,
)
CONDITION_UNKNOWN: Final = Rule(
    code="REQ137",
    name="condition-unknown",
    severity=Severity.ERROR,
    why="A step can wait for delivered or for read, nothing else.",
    remedy='Write "delivered" or "read".',
    example="/workflow/0/failover/condition_status",
    since="0.1.0",
    source="docs/wire.md section 1.3",
)
READ_NEVER_MET: Final = Rule(
    code="REQ138",
    name="read-never-met",
    severity=Severity.WARNING,
    why="SMS and MMS report no read status, so the step always fails over at its expiry.",
    remedy='Wait for "delivered".',
    example="/workflow/0/failover/condition_status",
    since="0.1.0",
    source="docs/wire.md section 1.3",
    tolerance=Tolerance.ACCEPT,
)

REQUEST_RULES: Final[tuple[Rule, ...]] = (
    *DOCUMENT_RULES,
    VERIFY_REQUEST,
    DOCUMENT_NOT_AN_OBJECT,
    FIELD_MISSING,
    FIELD_WRONG_TYPE,
    VALUE_EMPTY,
    FIELD_UNKNOWN,
    NULL_AS_ABSENT,
    INTEGER_AS_FRACTION,
    TEMPLATE_UNKNOWN,
    WORKFLOW_EMPTY,
    WORKFLOW_TOO_LONG,
    TRAILING_NULL,
    CLIENT_REF_LONG,
    CLIENT_REF_TOO_LONG,
    FINDINGS_UNLISTED,
    FAILOVER_ON_LAST_STEP,
    EXPIRY_OUT_OF_RANGE,
    EXPIRY_AS_TEXT,
    CONDITION_UNKNOWN,
    READ_NEVER_MET,
    *ADDRESS_RULES,
    *CONTENT_RULES,
    *OPTION_RULES,
)
"""Every rule a request can meet, by code."""
