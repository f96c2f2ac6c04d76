"""Every row of PROTOCOL 13.1, written down here once more: what each code of Exchange's asks of its catcher.

T: the same call again · R: rebuild what was remembered · C: an administrator must act · P: of this item or request only ·
W: nothing was done, send it again.
"""

import pytest

from shared.errors import Permanent, Reconfigure, Resync, SyncError, Transient
from shared.model.failures import FailureClass, failure
from shared.model.rules import is_shut, lasting
from shared.wire.ews import faults
from shared.wire.ews.faults import Refusal

T, R, C, P = Transient, Resync, Reconfigure, Permanent
ROWS: tuple[tuple[type[SyncError], str], ...] = (
    (T, "ErrorServerBusy ErrorInternalServerTransientError ErrorInternalServerError ErrorMailboxStoreUnavailable"),
    (T, "ErrorMailboxMoveInProgress ErrorMailboxFailover ErrorADUnavailable ErrorADOperation ErrorConnectionFailed"),
    (T, "ErrorClientDisconnected ErrorInsufficientResources ErrorNotEnoughMemory ErrorTimeoutExpired"),
    (T, "ErrorTooManyObjectsOpened ErrorExceededConnectionCount ErrorExceededFindCountLimit"),
    (T, "ErrorProxiedSubscriptionCallFailure ErrorProxyRequestProcessingFailed ErrorNoRespondingCASInDestinationSite"),
    (T, "ErrorProxyServiceDiscoveryFailed ErrorNoApplicableProxyCASServersAvailable"),
    (T, "ErrorBatchProcessingStopped"),  # W
    (T, "ErrorSubmissionQuotaExceeded ErrorMessageSubmissionBlocked ErrorImpersonationFailed"),
    (C, "ErrorExceededSubscriptionCount"),
    (R, "ErrorSubscriptionNotFound ErrorInvalidSubscription ErrorExpiredSubscription ErrorSubscriptionUnsubscribed"),
    (R, "ErrorSubscriptionUnsubsribed ErrorReadEventsFailed ErrorEventNotFound ErrorMissedNotificationEvents"),
    (R, "ErrorInvalidWatermark ErrorSubscriptionAccessDenied"),
    (P, "ErrorInvalidPullSubscriptionId ErrorInvalidSubscriptionRequest"),
    (C, "ErrorSubscriptionDelegateAccessNotSupported ErrorInvalidPushSubscriptionUrl"),
    (R, "ErrorInvalidSyncStateData ErrorSyncFolderNotFound ErrorFolderNotFound"),
    (R, "ErrorStaleObject ErrorChangeKeyRequired ErrorChangeKeyRequiredForWriteOperations ErrorIrresolvableConflict"),
    (P, "ErrorInvalidChangeKey ErrorInvalidId ErrorInvalidIdMalformed ErrorInvalidIdEmpty"),
    (R, "ErrorObjectTypeChanged ErrorSavedItemFolderNotFound ErrorToFolderNotFound"),
    (C, "ErrorAccessDenied ErrorImpersonateUserDenied ErrorImpersonationDenied ErrorNonExistentMailbox"),
    (C, "ErrorMailRecipientNotFound ErrorInvalidSmtpAddress ErrorInvalidMailbox ErrorNonPrimarySmtpAddress"),
    (C, "ErrorMailboxConfiguration ErrorAccountDisabled ErrorPasswordExpired ErrorPasswordChangeRequired"),
    (C, "ErrorWrongServerVersion ErrorProxyRequestNotAllowed ErrorOrganizationAccessBlocked"),
    (C, "ErrorInvalidServerVersion ErrorIncorrectSchemaVersion ErrorInvalidSchemaVersionForMailboxVersion"),
    (P, "ErrorSchemaValidation ErrorInvalidRequest ErrorInvalidArgument ErrorMissingArgument"),
    (P, "ErrorMessageDispositionRequired ErrorSendMeetingInvitationsRequired ErrorSendMeetingCancellationsRequired"),
    (P, "ErrorSendMeetingInvitationsOrCancellationsRequired ErrorAffectedTaskOccurrencesRequired"),
    (P, "ErrorInvalidPropertyRequest ErrorInvalidPropertySet ErrorInvalidPropertyDelete ErrorInvalidPropertyAppend"),
    (P, "ErrorInvalidPropertyForOperation ErrorPropertyUpdate ErrorItemSave ErrorItemSavePropertyError"),
    (P, "ErrorItemCorrupt ErrorCorruptData ErrorMimeContentInvalid ErrorMimeContentInvalidBase64String"),
    (P, "ErrorMimeContentConversionFailed ErrorContentConversionFailed ErrorUnsupportedMimeConversion"),
    (P, "ErrorMessageSizeExceeded ErrorAttachmentSizeLimitExceeded ErrorRequestStreamTooBig"),
    (C, "ErrorQuotaExceeded ErrorSendAsDenied"),
    (P, "ErrorInvalidRecipients ErrorVirusDetected ErrorVirusMessageDeleted"),
    (P, "ErrorCalendarEndDateIsEarlierThanStartDate ErrorCalendarIsNotOrganizer ErrorCalendarOutOfRange"),
    (P, "ErrorRecurrenceHasNoOccurrence ErrorOccurrenceCrossingBoundary ErrorOccurrenceTimeSpanTooBig"),
    (P, "ErrorCalendarViewRangeTooBig ErrorResultSetTooBig ErrorRestrictionTooLong"),
    (P, "ErrorCannotDeleteObject ErrorMoveCopyFailed ErrorCrossMailboxMoveCopy"),
)
TABLE = [(code, kind) for kind, codes in ROWS for code in codes.split()]
WITHOUT_BODY = "ErrorItemCorrupt ErrorCorruptData ErrorMimeContentConversionFailed ErrorContentConversionFailed"


@pytest.mark.parametrize(("code", "kind"), TABLE)
def test_a_code_asks_for_what_its_row_says(code: str, kind: type[SyncError]) -> None:
    assert type(faults.error(Refusal(code, "No."))) is kind


@pytest.mark.parametrize(
    ("codes", "passing", "called"),
    [
        ("ErrorImpersonationFailed", 3, "impersonation-broken"),
        ("ErrorProxiedSubscriptionCallFailure ErrorProxyRequestProcessingFailed", 6, "exchange-routing-broken"),
        ("ErrorNoRespondingCASInDestinationSite ErrorProxyServiceDiscoveryFailed", 6, "exchange-routing-broken"),
        ("ErrorNoApplicableProxyCASServersAvailable", 6, "exchange-routing-broken"),
    ],
)
def test_what_is_transient_so_often_and_no_longer_is_an_administrators_after_that(
    codes: str, passing: int, called: str
) -> None:
    for code in codes.split():
        met = faults.error(Refusal(code, "No.")).code
        assert (lasting(met, passing), lasting(met, passing + 1)) == (met, called)
        assert failure(called).failure_class is FailureClass.RECONFIGURE


def test_a_mailbox_that_may_not_be_impersonated_is_left_alone_for_hours() -> None:
    assert is_shut(faults.error(Refusal("ErrorImpersonateUserDenied", "No.")).code)


def test_an_item_that_is_not_found_is_gone_and_no_failure() -> None:
    assert faults.item_failure("I1", Refusal("ErrorItemNotFound")).gone


@pytest.mark.parametrize("code", WITHOUT_BODY.split())
def test_what_cannot_be_converted_is_tried_without_its_body(code: str) -> None:
    assert faults.may_succeed_without_body(Refusal(code))


def test_a_property_that_is_refused_is_named_so_that_it_can_be_left_out() -> None:
    wrong = faults.error(Refusal("ErrorInvalidPropertyRequest", "No.", paths=("item:TextBody",)))
    assert wrong.named == ("item:TextBody",)
    assert faults.is_refused_property(wrong.exchange_code, wrong.named)
    assert not faults.is_refused_property("ErrorInvalidPropertyRequest", ())


def test_ews_that_is_switched_off_is_told_from_a_right_that_is_missing() -> None:
    off = Refusal("ErrorAccessDenied", "Access is denied. EWS is blocked for this application.")
    assert faults.error(off).code == "ews-blocked"
    assert faults.error(Refusal("ErrorAccessDenied", "Access is denied. Check credentials.")).code == "access-denied"
