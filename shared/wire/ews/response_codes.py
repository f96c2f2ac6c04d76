"""What each EWS ResponseCode means to us: one table, code of the server → class of error and code of the failure registry.

PROTOCOL 13.1. https://learn.microsoft.com/exchange/client-developer/web-service-reference/responsecode
"""

from shared.errors import Permanent, Reconfigure, Resync, SyncError, Transient

type Meaning = tuple[type[SyncError], str]

_TABLE: dict[Meaning, str] = {
    (Transient, "exchange-busy"): """
        ErrorServerBusy ErrorExceededConnectionCount ErrorTooManyObjectsOpened ErrorExceededFindCountLimit
        ErrorBatchProcessingStopped""",
    (Transient, "exchange-unavailable"): """
        ErrorInternalServerTransientError ErrorMailboxStoreUnavailable ErrorMailboxFailover ErrorADUnavailable
        ErrorADOperation ErrorConnectionFailed ErrorClientDisconnected ErrorInsufficientResources ErrorNotEnoughMemory
        ErrorServiceUnavailable ErrorRequestAborted ErrorLocalServerObjectNotFound ErrorMailboxLogonFailed
        ErrorDataSourceOperation ErrorNoPublicFolderServerAvailable""",
    (Transient, "exchange-routing-failed"): """
        ErrorProxiedSubscriptionCallFailure ErrorProxyCallFailed ErrorProxyRequestProcessingFailed ErrorProxySoapException
        ErrorProxyServiceDiscoveryFailed ErrorProxyTokenExpired ErrorNoRespondingCASInDestinationSite
        ErrorNoApplicableProxyCASServersAvailable ErrorServiceDiscoveryFailed""",
    (Transient, "exchange-timeout"): "ErrorTimeoutExpired",
    (
        Transient,
        "exchange-internal-error",
    ): "ErrorInternalServerError ErrorWin32InteropError ErrorResponseSchemaValidation",
    (Transient, "impersonation-failed"): "ErrorImpersonationFailed ErrorLogonAsNetworkServiceFailed",
    (Transient, "mailbox-moving"): "ErrorMailboxMoveInProgress",
    (Transient, "sending-limited"): "ErrorSubmissionQuotaExceeded ErrorMessageSubmissionBlocked",
    (Resync, "sync-state-invalid"): "ErrorInvalidSyncStateData",
    (Resync, "folder-gone"): """
        ErrorSyncFolderNotFound ErrorFolderNotFound ErrorParentFolderNotFound ErrorSavedItemFolderNotFound
        ErrorToFolderNotFound ErrorCannotAccessDeletedPublicFolder""",
    (Resync, "subscription-lost"): """
        ErrorSubscriptionNotFound ErrorInvalidSubscription ErrorExpiredSubscription ErrorSubscriptionUnsubscribed
        ErrorSubscriptionUnsubsribed ErrorReadEventsFailed ErrorEventNotFound ErrorMissedNotificationEvents
        ErrorSubscriptionAccessDenied""",
    (Resync, "watermark-invalid"): "ErrorInvalidWatermark",
    (Resync, "item-changed"): """
        ErrorStaleObject ErrorChangeKeyRequired ErrorChangeKeyRequiredForWriteOperations ErrorIrresolvableConflict
        ErrorObjectTypeChanged""",
    (Reconfigure, "access-denied"): """
        ErrorAccessDenied ErrorSubscriptionDelegateAccessNotSupported ErrorSendAsDenied ErrorCreateItemAccessDenied
        ErrorSubscriptionsDisabledForGroup""",
    (Reconfigure, "impersonation-denied"): """
        ErrorImpersonateUserDenied ErrorImpersonationDenied ErrorInvalidExchangeImpersonationHeaderData
        ErrorCallerIsInvalidADAccount ErrorMoreThanOneAccessModeSpecified""",
    (Reconfigure, "mailbox-unknown"): """
        ErrorNonExistentMailbox ErrorMailRecipientNotFound ErrorCannotFindUser ErrorMissingExchangePrincipal
        ErrorAddressSpaceNotFound ErrorNameResolutionNoMailbox ErrorRecipientNotFound ErrorUnifiedGroupMailboxNotFound""",
    (Reconfigure, "mailbox-not-primary"): "ErrorNonPrimarySmtpAddress",
    (Reconfigure, "mailbox-address-invalid"): "ErrorInvalidSmtpAddress ErrorInvalidMailbox ErrorMissingEmailAddress",
    (Reconfigure, "mailbox-misconfigured"): """
        ErrorMailboxConfiguration ErrorDuplicateLegacyDistinguishedName ErrorInvalidLicense""",
    (Reconfigure, "account-disabled"): """
        ErrorAccountDisabled ErrorPasswordExpired ErrorPasswordChangeRequired ErrorAccountSuspend
        ErrorAccountSuspendShowTierUpgrade""",
    (Reconfigure, "wrong-server"): """
        ErrorWrongServerVersion ErrorWrongServerVersionDelegate ErrorProxyRequestNotAllowed ErrorCrossSiteRequest
        ErrorNoDestinationCASDueToKerberosRequirements ErrorNoDestinationCASDueToSSLRequirements
        ErrorNoDestinationCASDueToVersionMismatch""",
    (Reconfigure, "version-not-supported"): """
        ErrorInvalidServerVersion ErrorIncorrectSchemaVersion ErrorInvalidSchemaVersionForMailboxVersion""",
    (Reconfigure, "organization-blocked"): "ErrorOrganizationAccessBlocked",
    (Reconfigure, "subscription-limit"): "ErrorExceededSubscriptionCount",
    (Reconfigure, "push-url-invalid"): "ErrorInvalidPushSubscriptionUrl",
    (Reconfigure, "mailbox-full"): "ErrorQuotaExceeded",
    (Permanent, "item-gone"): "ErrorItemNotFound ErrorInvalidAttachmentId ErrorCannotOpenFileAttachment",
    (Permanent, "item-id-invalid"): """
        ErrorInvalidChangeKey ErrorInvalidId ErrorInvalidIdMalformed ErrorInvalidIdEmpty ErrorInvalidIdXml
        ErrorInvalidIdMalformedEwsLegacyIdFormat ErrorInvalidIdMonikerTooLong ErrorInvalidIdNotAnItemAttachmentId
        ErrorInvalidIdStoreObjectIdTooLong ErrorInvalidIdTooManyAttachmentLevels ErrorInvalidFolderId
        ErrorCannotUseFolderIdForItemId ErrorCannotUseItemIdForFolderId""",
    (Permanent, "item-corrupt"): "ErrorItemCorrupt ErrorCorruptData ErrorFolderCorrupt",
    (Permanent, "item-conversion-failed"): """
        ErrorMimeContentConversionFailed ErrorMimeContentInvalid ErrorMimeContentInvalidBase64String
        ErrorContentConversionFailed ErrorUnsupportedMimeConversion ErrorUnsupportedTypeForConversion
        ErrorItemPropertyRequestFailed""",
    (Permanent, "item-too-large"): """
        ErrorMessageSizeExceeded ErrorAttachmentSizeLimitExceeded ErrorRequestStreamTooBig ErrorDataSizeLimitExceeded
        ErrorAttachmentNestLevelLimitExceeded""",
    (Permanent, "query-too-large"): """
        ErrorCalendarViewRangeTooBig ErrorResultSetTooBig ErrorRestrictionTooLong ErrorRestrictionTooComplex
        ErrorQueryFilterTooLong""",
    (Permanent, "item-infected"): "ErrorVirusDetected ErrorVirusMessageDeleted",
    (Permanent, "operation-not-supported"): """
        ErrorInvalidOperation ErrorInvalidFolderTypeForOperation ErrorUnsupportedPathForQuery
        ErrorUnsupportedPathForSortGroup ErrorUnsupportedPropertyDefinition ErrorUnsupportedQueryFilter
        ErrorDistinguishedUserNotSupported ErrorCannotSpecifySearchFolderAsSourceFolder""",
    (Permanent, "request-invalid"): """
        ErrorSchemaValidation ErrorInvalidRequest ErrorInvalidArgument ErrorMissingArgument ErrorDuplicateSOAPHeader
        ErrorInvalidPullSubscriptionId ErrorInvalidSubscriptionRequest ErrorMessageDispositionRequired
        ErrorSendMeetingCancellationsRequired ErrorSendMeetingInvitationsOrCancellationsRequired
        ErrorSendMeetingInvitationsRequired ErrorAffectedTaskOccurrencesRequired ErrorInvalidPropertyRequest
        ErrorInvalidPropertySet ErrorInvalidPropertyDelete ErrorInvalidPropertyAppend ErrorInvalidPropertyForOperation
        ErrorPropertyUpdate ErrorIncorrectUpdatePropertyCount ErrorUpdatePropertyMismatch ErrorInvalidExtendedProperty
        ErrorNoPropertyTagForCustomProperties ErrorInvalidIndexedPagingParameters ErrorInvalidPagingMaxRows
        ErrorInvalidRestriction ErrorInvalidRecipients""",
    (Permanent, "exchange-refused"): """
        ErrorItemSave ErrorItemSavePropertyError ErrorCannotDeleteObject ErrorMoveCopyFailed ErrorCrossMailboxMoveCopy""",
}

MEANINGS: dict[str, Meaning] = {name: meaning for meaning, names in _TABLE.items() for name in names.split()}
UNKNOWN: Meaning = (Permanent, "exchange-refused")
CODES = frozenset(code for _, code in _TABLE)
