//! What the SDK answers when it does not do what was asked, in the port's five
//! words. The text keeps AWS's code, words and request id, or the whole chain of
//! sources, cut to a bound.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use std::error::Error;
use std::fmt::Write as _;
use tidegate_domain::ports::PortError;
use tidegate_wire::text;

/// Bytes of an error's text: enough for a chain of sources, small in a ledger entry.
const TEXT_BYTES: usize = 800;

/// "Come again later": the service (or the group) is busy, and nothing happened.
const BUSY: &[&str] = &[
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "Throttled",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "LimitExceededException",
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "SlowDown",
    "KMSThrottling",
    "KMSThrottlingException",
    "ResourceContention",
    "ScalingActivityInProgress",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Who we are is not allowed, not known, or not able to use a key.
const DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "AuthorizationError",
    "AuthorizationErrorException",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSecurity",
    "InvalidSignatureException",
    "KMSAccessDenied",
    "KMSAccessDeniedException",
    "KMSDisabled",
    "KMSDisabledException",
    "KMSInvalidState",
    "KMSInvalidStateException",
    "KMSNotFound",
    "KMSNotFoundException",
    "KMSOptInRequired",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "OptInRequired",
    "SignatureDoesNotMatch",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
];

/// Services' own failures that do not always come as HTTP 5xx.
const BROKEN: &[&str] = &[
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "InternalServiceError",
    "InternalServiceFault",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
];

/// Why a call did not do what was asked.
#[derive(Debug)]
pub(crate) enum Failure<E> {
    /// Our own clock ended it, or did not let it begin.
    OutOfTime(String),
    /// The SDK's answer.
    Sdk(Box<SdkError<E, HttpResponse>>),
}

impl<E: ProvideErrorMetadata + Error + 'static> Failure<E> {
    /// AWS's code, when the service answered with one.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Sdk(error) => error.code(),
            Self::OutOfTime(_) => None,
        }
    }

    /// What the service said, when it is one of the operation's own errors.
    pub(crate) fn service(&self) -> Option<&E> {
        match self {
            Self::Sdk(error) => error.as_service_error(),
            Self::OutOfTime(_) => None,
        }
    }

    /// The port's word for it.
    pub(crate) fn port(self, call: &'static str) -> PortError {
        match self {
            Self::OutOfTime(why) => PortError::Unavailable { call, why },
            Self::Sdk(error) => from_sdk(call, *error),
        }
    }
}

fn from_sdk<E>(call: &'static str, error: SdkError<E, HttpResponse>) -> PortError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match &error {
        SdkError::ConstructionFailure(_) => PortError::Refused { call, why: chain(&error) },
        SdkError::ServiceError(context) => classify(
            call,
            &Answer {
                code: error.code().unwrap_or("no error code"),
                message: error.message().unwrap_or_default(),
                status: context.raw().status().as_u16(),
                request: error.request_id(),
            },
        ),
        _ => PortError::Unavailable { call, why: chain(&error) },
    }
}

/// A service's answer that is an error.
struct Answer<'a> {
    code: &'a str,
    message: &'a str,
    status: u16,
    request: Option<&'a str>,
}

fn classify(call: &'static str, answer: &Answer<'_>) -> PortError {
    let why = words(answer);
    let code = answer.code;
    if BUSY.contains(&code) || answer.status == 429 {
        PortError::Throttled { call, why }
    } else if DENIED.contains(&code) {
        PortError::Denied { call, why }
    } else if answer.status >= 500 || BROKEN.contains(&code) {
        PortError::Unavailable { call, why }
    } else {
        PortError::Refused { call, why }
    }
}

fn words(answer: &Answer<'_>) -> String {
    let mut why = format!("{}: {} (HTTP {}", answer.code, answer.message, answer.status);
    if let Some(request) = answer.request {
        let _ = write!(why, ", request {request}");
    }
    why.push(')');
    text::line(&why, TEXT_BYTES)
}

/// An error with every source behind it, on one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut why = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let words = source.to_string();
        if !why.ends_with(&words) {
            let _ = write!(why, ": {words}");
        }
        next = source.source();
    }
    text::line(&why, TEXT_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(code: &str, status: u16) -> &'static str {
        match classify("Call", &Answer { code, message: "m", status, request: Some("r-1") }) {
            PortError::Throttled { .. } => "throttled",
            PortError::Unavailable { .. } => "unavailable",
            PortError::Denied { .. } => "denied",
            PortError::Refused { .. } => "refused",
            PortError::Unreadable { .. } => "unreadable",
        }
    }

    #[test]
    fn codes_are_told_apart() {
        for (code, status, expected) in [
            ("Throttling", 400, "throttled"),
            ("ThrottlingException", 400, "throttled"),
            ("Throttled", 429, "throttled"),
            ("SomethingNew", 429, "throttled"),
            ("KMSThrottling", 400, "throttled"),
            ("ResourceContention", 500, "throttled"),
            ("ScalingActivityInProgress", 400, "throttled"),
            ("AccessDenied", 403, "denied"),
            ("AuthorizationError", 403, "denied"),
            ("KMSAccessDenied", 400, "denied"),
            ("KMSDisabled", 400, "denied"),
            ("ExpiredToken", 403, "denied"),
            ("InternalFailure", 500, "unavailable"),
            ("ServiceUnavailable", 503, "unavailable"),
            ("RequestTimeout", 400, "unavailable"),
            ("ValidationError", 400, "refused"),
            ("ResourceNotFoundException", 400, "refused"),
            ("no error code", 404, "refused"),
        ] {
            assert_eq!(kind(code, status), expected, "{code} {status}");
        }
    }

    #[test]
    fn the_text_names_code_words_status_and_request_on_one_line() {
        let answer =
            Answer { code: "ValidationError", message: "a\nb", status: 400, request: Some("r-1") };
        let error = classify("SetDesiredCapacity", &answer);
        assert_eq!(
            error.to_string(),
            "SetDesiredCapacity was refused: ValidationError: a b (HTTP 400, request r-1)"
        );
    }

    #[test]
    fn a_huge_message_is_cut() {
        let message = "x".repeat(100_000);
        let answer = Answer { code: "C", message: &message, status: 400, request: None };
        assert!(words(&answer).len() <= TEXT_BYTES);
    }

    #[test]
    fn a_chain_keeps_every_source() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer")]
        struct Outer(#[source] std::io::Error);
        let error = Outer(std::io::Error::other("the cause"));
        assert_eq!(chain(&error), "outer: the cause");
    }
}
