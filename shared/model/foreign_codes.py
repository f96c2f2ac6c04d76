"""What Exchange, Entra ID, Key Vault and Azure Storage call a failure, and our code for it: one table for each of them.

Wire and adapters read them, and `model/failure_signs.py` for people. The class of error is that of our code in the registry.
"""

from collections.abc import Iterable, Mapping

# PROTOCOL 13.1. https://learn.microsoft.com/exchange/client-developer/web-service-reference/responsecode
RESPONSE_CODES: Mapping[str, str] = {
    "exchange-busy": """
        ErrorServerBusy ErrorExceededConnectionCount ErrorTooManyObjectsOpened ErrorExceededFindCountLimit
        ErrorBatchProcessingStopped""",
    "exchange-unavailable": """
        ErrorInternalServerTransientError ErrorMailboxStoreUnavailable ErrorMailboxFailover ErrorADUnavailable
        ErrorADOperation ErrorConnectionFailed ErrorClientDisconnected ErrorInsufficientResources
        ErrorNotEnoughMemory ErrorServiceUnavailable ErrorRequestAborted ErrorLocalServerObjectNotFound
        ErrorMailboxLogonFailed ErrorDataSourceOperation ErrorNoPublicFolderServerAvailable ErrorADSessionFilter
        ErrorNoPublicFolderReplicaAvailable ErrorPublicFolderMailboxDiscoveryFailed
        ErrorPublicFolderOperationFailed ErrorPublicFolderRequestProcessingFailed
        ErrorPublicFolderServerNotFound ErrorPublicFolderSyncException ErrorWebRequestInInvalidState
        ErrorParsingXMLResponse ErrorFreeBusyGenerationFailed ErrorMeetingSuggestionGenerationFailed""",
    "exchange-routing-failed": """
        ErrorProxiedSubscriptionCallFailure ErrorProxyCallFailed ErrorProxyRequestProcessingFailed
        ErrorProxySoapException ErrorProxyServiceDiscoveryFailed ErrorProxyTokenExpired
        ErrorNoRespondingCASInDestinationSite ErrorNoApplicableProxyCASServersAvailable
        ErrorServiceDiscoveryFailed ErrorAutoDiscoverFailed ErrorInvalidProxySecurityContext
        ErrorProxyGroupSidLimitExceeded ErrorInvalidCrossForestCredentials ErrorNoOAuthServerAvailableForRequest
        ErrorInvalidInternetWebProxyOnLocalServer ErrorTargetDomainNotSupported ErrorAvailabilityConfigNotFound""",
    "exchange-timeout": """
        ErrorTimeoutExpired""",
    "exchange-internal-error": """
        ErrorInternalServerError ErrorWin32InteropError ErrorResponseSchemaValidation""",
    "impersonation-failed": """
        ErrorImpersonationFailed ErrorLogonAsNetworkServiceFailed""",
    "mailbox-moving": """
        ErrorMailboxMoveInProgress""",
    "sending-limited": """
        ErrorSubmissionQuotaExceeded ErrorMessageSubmissionBlocked ErrorExceededMessageLimit
        ErrorExceededMaxRecipientLimitBlock ErrorExceededMaxRecipientLimit
        ErrorExceededMessageLimitShowTierUpgrade ErrorExceededMaxRecipientLimitShowTierUpgrade
        ErrorMessageBlocked""",
    "sync-state-invalid": """
        ErrorInvalidSyncStateData""",
    "folder-gone": """
        ErrorSyncFolderNotFound ErrorFolderNotFound ErrorParentFolderNotFound ErrorSavedItemFolderNotFound
        ErrorToFolderNotFound ErrorCannotAccessDeletedPublicFolder""",
    "subscription-lost": """
        ErrorSubscriptionNotFound ErrorInvalidSubscription ErrorExpiredSubscription
        ErrorSubscriptionUnsubscribed ErrorSubscriptionUnsubsribed ErrorReadEventsFailed ErrorEventNotFound
        ErrorMissedNotificationEvents ErrorSubscriptionAccessDenied ErrorNewEventStreamConnectionOpened""",
    "watermark-invalid": """
        ErrorInvalidWatermark""",
    "item-changed": """
        ErrorStaleObject ErrorChangeKeyRequired ErrorChangeKeyRequiredForWriteOperations
        ErrorIrresolvableConflict ErrorObjectTypeChanged""",
    "access-denied": """
        ErrorAccessDenied ErrorSubscriptionDelegateAccessNotSupported ErrorSendAsDenied
        ErrorCreateItemAccessDenied ErrorSubscriptionsDisabledForGroup ErrorCreateSubfolderAccessDenied
        ErrorNotDelegate ErrorInvalidAuthorizationContext ErrorUserNotAllowedByPolicy
        ErrorPermissionNotAllowedByPolicy ErrorNoFreeBusyAccess ErrorMultiLegacyMailboxAccess""",
    "impersonation-denied": """
        ErrorImpersonateUserDenied ErrorImpersonationDenied ErrorInvalidExchangeImpersonationHeaderData
        ErrorCallerIsInvalidADAccount ErrorMoreThanOneAccessModeSpecified ErrorAccessModeSpecified
        ErrorInvalidLogonType ErrorInvalidClientSecurityContext ErrorInvalidSerializedAccessToken
        ErrorTokenSerializationDenied ErrorInvalidManagementRoleHeader ErrorInvalidNetworkServiceContext
        ErrorInvalidSid ErrorInvalidUserSid ErrorInvalidUserSidMissingUPN ErrorInvalidSecurityDescriptor
        ErrorGetServerSecurityDescriptorFailed""",
    "mailbox-unknown": """
        ErrorNonExistentMailbox ErrorMailRecipientNotFound ErrorCannotFindUser ErrorMissingExchangePrincipal
        ErrorAddressSpaceNotFound ErrorNameResolutionNoMailbox ErrorRecipientNotFound
        ErrorUnifiedGroupMailboxNotFound ErrorNameResolutionNoResults ErrorNameResolutionMultipleResults""",
    "mailbox-not-primary": """
        ErrorNonPrimarySmtpAddress""",
    "mailbox-address-invalid": """
        ErrorInvalidSmtpAddress ErrorInvalidMailbox ErrorMissingEmailAddress ErrorInvalidUserPrincipalName
        ErrorInvalidRoutingType ErrorEmailAddressMismatch""",
    "mailbox-misconfigured": """
        ErrorMailboxConfiguration ErrorDuplicateLegacyDistinguishedName ErrorInvalidLicense""",
    "account-disabled": """
        ErrorAccountDisabled ErrorPasswordExpired ErrorPasswordChangeRequired ErrorAccountSuspend
        ErrorAccountSuspendShowTierUpgrade""",
    "wrong-server": """
        ErrorWrongServerVersion ErrorWrongServerVersionDelegate ErrorProxyRequestNotAllowed
        ErrorCrossSiteRequest ErrorNoDestinationCASDueToKerberosRequirements
        ErrorNoDestinationCASDueToSSLRequirements ErrorNoDestinationCASDueToVersionMismatch""",
    "version-not-supported": """
        ErrorInvalidServerVersion ErrorIncorrectSchemaVersion ErrorInvalidSchemaVersionForMailboxVersion""",
    "organization-blocked": """
        ErrorOrganizationAccessBlocked""",
    "subscription-limit": """
        ErrorExceededSubscriptionCount""",
    "push-url-invalid": """
        ErrorInvalidPushSubscriptionUrl""",
    "mailbox-full": """
        ErrorQuotaExceeded ErrorMessagePerFolderCountReceiveQuotaExceeded""",
    "item-gone": """
        ErrorItemNotFound ErrorInvalidAttachmentId ErrorCannotOpenFileAttachment
        ErrorDistributionListMemberNotExist""",
    "item-id-invalid": """
        ErrorInvalidChangeKey ErrorInvalidId ErrorInvalidIdMalformed ErrorInvalidIdEmpty ErrorInvalidIdXml
        ErrorInvalidIdMalformedEwsLegacyIdFormat ErrorInvalidIdMonikerTooLong
        ErrorInvalidIdNotAnItemAttachmentId ErrorInvalidIdStoreObjectIdTooLong
        ErrorInvalidIdTooManyAttachmentLevels ErrorInvalidFolderId ErrorCannotUseFolderIdForItemId
        ErrorCannotUseItemIdForFolderId""",
    "item-corrupt": """
        ErrorItemCorrupt ErrorCorruptData ErrorFolderCorrupt""",
    "item-conversion-failed": """
        ErrorMimeContentConversionFailed ErrorMimeContentInvalid ErrorMimeContentInvalidBase64String
        ErrorContentConversionFailed ErrorUnsupportedMimeConversion ErrorUnsupportedTypeForConversion
        ErrorItemPropertyRequestFailed""",
    "item-too-large": """
        ErrorMessageSizeExceeded ErrorAttachmentSizeLimitExceeded ErrorRequestStreamTooBig
        ErrorDataSizeLimitExceeded ErrorAttachmentNestLevelLimitExceeded""",
    "query-too-large": """
        ErrorCalendarViewRangeTooBig ErrorResultSetTooBig ErrorRestrictionTooLong ErrorRestrictionTooComplex
        ErrorQueryFilterTooLong ErrorTimeIntervalTooBig ErrorMailboxDataArrayTooBig ErrorFreeBusyDLLimitReached""",
    "item-infected": """
        ErrorVirusDetected ErrorVirusMessageDeleted""",
    "appointment-refused": """
        ErrorCalendarCannotMoveOrCopyOccurrence ErrorCalendarCannotUpdateDeletedItem
        ErrorCalendarCannotUseIdForOccurrenceId ErrorCalendarCannotUseIdForRecurringMasterId
        ErrorCalendarDurationIsTooLong ErrorCalendarEndDateIsEarlierThanStartDate
        ErrorCalendarFolderIsInvalidForCalendarView ErrorCalendarInvalidAttributeValue
        ErrorCalendarInvalidDayForTimeChangePattern ErrorCalendarInvalidDayForWeeklyRecurrence
        ErrorCalendarInvalidPropertyState ErrorCalendarInvalidPropertyValue ErrorCalendarInvalidRecurrence
        ErrorCalendarInvalidTimeZone ErrorCalendarIsCancelledForAccept ErrorCalendarIsCancelledForDecline
        ErrorCalendarIsCancelledForRemove ErrorCalendarIsCancelledForTentative ErrorCalendarIsDelegatedForAccept
        ErrorCalendarIsDelegatedForDecline ErrorCalendarIsDelegatedForRemove
        ErrorCalendarIsDelegatedForTentative ErrorCalendarIsNotOrganizer ErrorCalendarIsOrganizerForAccept
        ErrorCalendarIsOrganizerForDecline ErrorCalendarIsOrganizerForRemove
        ErrorCalendarIsOrganizerForTentative ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange
        ErrorCalendarOccurrenceIsDeletedFromRecurrence ErrorCalendarOutOfRange
        ErrorCalendarMeetingRequestIsOutOfDate ErrorCalendarSeekToConditionNotSupported
        ErrorCalendarIsGroupMailboxForAccept ErrorCalendarIsGroupMailboxForDecline
        ErrorCalendarIsGroupMailboxForTentative ErrorCalendarIsGroupMailboxForSuppressReadReceipt
        ErrorCalendarForwardActionNotAllowed ErrorRecurrenceEndDateTooBig ErrorRecurrenceHasNoOccurrence
        ErrorOccurrenceCrossingBoundary ErrorOccurrenceTimeSpanTooBig ErrorTimeZone ErrorUnsupportedRecurrence
        ErrorSentMeetingRequestUpdate ErrorNoCalendar""",
    "operation-not-supported": """
        ErrorInvalidOperation ErrorInvalidFolderTypeForOperation ErrorUnsupportedPathForQuery
        ErrorUnsupportedPathForSortGroup ErrorUnsupportedPropertyDefinition ErrorUnsupportedQueryFilter
        ErrorDistinguishedUserNotSupported ErrorCannotSpecifySearchFolderAsSourceFolder
        ErrorCannotCreateCalendarItemInNonCalendarFolder ErrorCannotCreateContactInNonContactFolder
        ErrorCannotCreatePostItemInNonMailFolder ErrorCannotCreateTaskInNonTaskFolder
        ErrorCannotSetCalendarPermissionOnNonCalendarFolder ErrorCannotSetNonCalendarPermissionOnCalendarFolder
        ErrorUnsupportedSubFilter ErrorUnsupportedCulture ErrorUnsupportedMapiPropertyType
        ErrorContentIndexingNotEnabled ErrorOperationNotAllowedWithPublicFolderRoot ErrorMailTipsDisabled
        ErrorArchiveMailboxNotEnabled ErrorVoiceMailNotImplemented ErrorInvalidItemForOperationArchiveItem
        ErrorInvalidItemForOperationCreateItemAttachment ErrorInvalidItemForOperationCreateItem
        ErrorInvalidItemForOperationAcceptItem ErrorInvalidItemForOperationDeclineItem
        ErrorInvalidItemForOperationCancelItem ErrorInvalidItemForOperationExpandDL
        ErrorInvalidItemForOperationRemoveItem ErrorInvalidItemForOperationSendItem
        ErrorInvalidItemForOperationTentative ErrorResolveNamesOnlyOneContactsFolderAllowed
        ErrorMailboxScopeNotAllowedWithoutQueryString""",
    "request-invalid": """
        ErrorSchemaValidation ErrorInvalidRequest ErrorInvalidArgument ErrorMissingArgument
        ErrorDuplicateSOAPHeader ErrorInvalidPullSubscriptionId ErrorInvalidSubscriptionRequest
        ErrorMessageDispositionRequired ErrorSendMeetingCancellationsRequired
        ErrorSendMeetingInvitationsOrCancellationsRequired ErrorSendMeetingInvitationsRequired
        ErrorAffectedTaskOccurrencesRequired ErrorInvalidPropertyRequest ErrorInvalidPropertySet
        ErrorInvalidPropertyDelete ErrorInvalidPropertyAppend ErrorInvalidPropertyForOperation
        ErrorPropertyUpdate ErrorIncorrectUpdatePropertyCount ErrorUpdatePropertyMismatch
        ErrorInvalidExtendedProperty ErrorNoPropertyTagForCustomProperties ErrorInvalidIndexedPagingParameters
        ErrorInvalidPagingMaxRows ErrorInvalidRestriction ErrorInvalidRecipients ErrorContainsFilterWrongType
        ErrorDuplicateInputFolderNames ErrorDuplicateUserIdsSpecified ErrorInvalidAccessLevel
        ErrorInvalidAttachmentSubfilter ErrorInvalidAttachmentSubfilterTextFilter ErrorInvalidCompleteDate
        ErrorInvalidContactEmailAddress ErrorInvalidContactEmailIndex ErrorInvalidExcludesRestriction
        ErrorInvalidExpressionTypeForSubFilter ErrorInvalidExtendedPropertyValue
        ErrorInvalidFractionalPagingParameters ErrorInvalidFreeBusyViewType ErrorInvalidIdReturnedByResolveNames
        ErrorInvalidInternetHeaderChildNodes ErrorInvalidMergedFreeBusyInterval
        ErrorInvalidNameForNameResolution ErrorInvalidParentFolder ErrorInvalidPercentCompleteValue
        ErrorInvalidPermissionSettings ErrorInvalidUserInfo ErrorInvalidPropertyForExists
        ErrorInvalidPropertyUpdateSentMessage ErrorInvalidRecipientSubfilter
        ErrorInvalidRecipientSubfilterComparison ErrorInvalidRecipientSubfilterOrder
        ErrorInvalidRecipientSubfilterTextFilter ErrorInvalidReferenceItem ErrorInvalidSendItemSaveSettings
        ErrorInvalidSubfilterType ErrorInvalidSubfilterTypeNotAttendeeType
        ErrorInvalidSubfilterTypeNotRecipientType ErrorInvalidTimeInterval ErrorInvalidValueForProperty
        ErrorLegacyMailboxFreeBusyViewTypeNotMerged ErrorMailboxDataArrayEmpty
        ErrorMissingInformationEmailAddress ErrorMissingInformationReferenceItemId
        ErrorMissingItemForCreateItemAttachment ErrorMissingRecipients ErrorMissingUserIdInformation
        ErrorParentFolderIdRequired ErrorPropertyValidationFailure ErrorRequiredPropertyMissing
        ErrorResolveNamesInvalidFolderType ErrorValueOutOfRange ErrorUnexpectedUnifiedGroupsCount""",
    "exchange-refused": """
        ErrorItemSave ErrorItemSavePropertyError ErrorCannotDeleteObject ErrorMoveCopyFailed
        ErrorCrossMailboxMoveCopy ErrorFolderPropertRequestFailed ErrorFolderSave ErrorFolderSaveFailed
        ErrorFolderSavePropertyError ErrorFolderExists ErrorCannotGetSourceFolderPath
        ErrorCannotDeleteTaskOccurrence ErrorCannotEmptyFolder ErrorCannotSetPermissionUnknownEntries
        ErrorDeleteDistinguishedFolder ErrorDeleteItemsFailed ErrorMoveDistinguishedFolder
        ErrorNoFolderClassOverride ErrorReadReceiptNotPending ErrorSentTaskRequestUpdate""",
}
UNKNOWN = "exchange-refused"
"""What a response code is called that is in no table: those of parts of Exchange that we never ask (PROTOCOL 13.1)."""

# PROTOCOL 13. What is not named here: see `of_http_status`.
HTTP_STATUSES: Mapping[int, str] = {
    400: "request-invalid",
    401: "authentication-failed",
    403: "access-blocked",
    404: "url-wrong",
    405: "url-wrong",
    407: "access-blocked",
    413: "request-too-large",
    429: "exchange-busy",
    456: "account-blocked",
    501: "operation-not-supported",
    503: "exchange-busy",
}
# https://learn.microsoft.com/entra/identity-platform/reference-error-codes
AADSTS: Mapping[str, Iterable[int]] = {
    "client-secret-expired": (7000222,),
    # 7000215 wrong secret, 7000216 and 7000218 none that was understood
    "client-secret-wrong": (7000215, 7000216, 7000218),
    # 50012 and 50013 assertion not accepted, 700021 for another client, 700023 other audience, 700024 outside its time,
    # 700025 public client, 700027 signature or certificate unknown, 7000214 certificate not in the registration
    "client-certificate-invalid": (50012, 50013, 700021, 700023, 700024, 700027, 7000214),
    # 1000502 the certificate is outside its time
    "client-certificate-expired": (1000502,),
    # 70001 and 700016 no such application in the tenant
    "client-unknown": (70001, 700016),
    # 7000112 the application is disabled
    "client-blocked": (7000112,),
    # 90002 no such tenant, 900021 and 900023 no possible name of one, 50059 and 50194 none named (`common`)
    "tenant-unknown": (90002, 900021, 900023, 50059, 50194),
    # 90038, 90043, 90051, 900382, 900432, 900439 tenant or application live in another national cloud
    "cloud-wrong": (90038, 90043, 90051, 900382, 900432, 900439),
    # 65001, 650051 not consented, 7000229 no service principal in the tenant, 650056 and 650057 not asked for, 90093, 90094
    "consent-missing": (65001, 650051, 650056, 650057, 7000229, 90093, 90094),
    # 50001, 500011 no such resource in the tenant, 500014 disabled, 650052 not subscribed to, 70011 and 1002012 no such scope
    "token-resource-unknown": (50001, 500011, 500014, 650052, 70011, 1002012),
    # 53003 blocked by a policy, 53000 to 53011 a policy's particular demand, 50097 and 50158 a device or a step that is missing
    "conditional-access": (50097, 50158, *range(53000, 53012)),
    # 50196 a loop, 90020, 90024, 90033, 90055 throttling or an outage
    "token-unavailable": (50196, 90020, 90024, 90033, 90055),
}

# The header `x-ms-diagnostics` of a 401, by the last digit. PROTOCOL 2.
TOKEN_FAMILIES: Mapping[int, str] = {
    2_000_000: "token-invalid",
    2_000_001: "token-invalid",
    2_000_002: "token-expired",
    2_000_003: "token-audience-wrong",
    2_000_004: "token-tenant-wrong",
    2_000_005: "token-user-unknown",
    2_000_006: "client-blocked",
    2_000_007: "exchange-internal-error",
    2_000_008: "token-role-missing",
}

# OpenSSL. https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/#error-codes
CERTIFICATE_ERRORS: Mapping[int, str] = {
    9: "certificate-expired",  # not yet valid
    10: "certificate-expired",
    62: "certificate-host-mismatch",
    64: "certificate-host-mismatch",  # the host is an IP address
    18: "certificate-self-signed",
    2: "certificate-untrusted",
    19: "certificate-untrusted",  # the chain ends at an authority that is not ours
    20: "certificate-untrusted",
    21: "certificate-untrusted",
    27: "certificate-untrusted",
}

# https://learn.microsoft.com/azure/key-vault/general/rest-error-codes
VAULT_ERRORS: Mapping[str, str] = {
    "401": "vault-denied",
    "403": "vault-denied",
    "404": "secret-missing",
    "SecretDisabled": "secret-disabled",
    "429": "vault-unavailable",
    "5xx": "vault-unavailable",
}

# https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes
STORAGE_ERRORS: Mapping[str, str] = {
    "EntityTooLarge": "row-too-large",
    "PropertyValueTooLarge": "row-too-large",
    "TooManyProperties": "row-too-large",
    "TableBeingDeleted": "storage-unavailable",
    "ContainerBeingDeleted": "storage-unavailable",
    "QueueBeingDeleted": "storage-unavailable",
    "401": "storage-denied",
    "403": "storage-denied",
    "404": "storage-missing",
    "408": "storage-unavailable",
    "413": "transaction-too-large",
    "429": "storage-unavailable",
    "5xx": "storage-unavailable",
    "4xx": "storage-refused",
}

_REDIRECTED, _OF_THE_SERVER = range(300, 400), range(500, 600)


def of_http_status(status: int) -> str:
    """What an answer of Exchange without SOAP is called by its status alone."""
    if status in _REDIRECTED:
        return "redirected"
    return HTTP_STATUSES.get(status, "exchange-unavailable" if status in _OF_THE_SERVER else "url-wrong")


def of_storage_error(status: int, name: str) -> str:
    """What an answer of Azure Storage is called: by the service's own name for it, else by its status."""
    for known in (name, str(status), f"{status // 100}xx"):
        if known in STORAGE_ERRORS:
            return STORAGE_ERRORS[known]
    return "storage-refused"


def of_vault_error(status: int | None, text: str) -> str:
    """What an answer of Key Vault other than 404 is called; None where nothing answered."""
    if status == 403 and "SecretDisabled" in text:
        return VAULT_ERRORS["SecretDisabled"]
    return VAULT_ERRORS.get(str(status), VAULT_ERRORS["5xx"])
