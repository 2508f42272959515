//! What each class of fault is to whoever waits for the answer. It follows from the bytes that go over the wire, not
//! from what the gateway makes of them.

use tagway::{
    error::Code,
    mock::{Class, Effect},
};

/// What a caller can know of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// A good answer, perhaps in an odd way.
    Good,
    /// No answer for as long as anybody waits.
    Silence,
    /// The connection ended, or talked nonsense, before there was a status.
    Broken,
    /// The status of a success, and a body that is not to be had or not to be understood.
    BadBody,
    /// The status of a failure that leaves open whether the call took effect.
    Failed,
    /// A redirect: it leaves that open too, and would only come again.
    Redirected,
    /// The key is refused: certainly nothing happened.
    Unauthorized,
    /// Too many calls: certainly nothing happened.
    Throttled,
}

/// All that a class can be; which of them may hang on what the system does with the last bytes before a reset.
pub(super) fn known(class: Class) -> &'static [Known] {
    match class {
        Class::Latency | Class::Slicer => &[Known::Good],
        Class::Blackhole | Class::Trickle => &[Known::Silence],
        Class::LateApply
        | Class::Refuse
        | Class::TlsFailure
        | Class::ResetBeforeHeaders
        | Class::ResetInHeaders
        | Class::HalfClose
        | Class::EndlessHeaders => &[Known::Broken],
        // It ends for the client when the twin's patience does, or when the client's does.
        Class::ContinueStorm => &[Known::Broken, Known::Silence],
        Class::ResetAfterHeaders | Class::ResetInBody => &[Known::BadBody, Known::Broken],
        Class::EndlessBody
        | Class::WrongLength
        | Class::InvalidUtf8
        | Class::Html
        | Class::GzipBomb
        | Class::NoContentWithBody => &[Known::BadBody],
        Class::Redirect => &[Known::Redirected],
        Class::Unauthorized => &[Known::Unauthorized],
        Class::RateLimited
        | Class::RateLimitedSeconds
        | Class::RateLimitedDate
        | Class::RateLimitedMs => &[Known::Throttled],
        Class::RequestTimeout
        | Class::InternalError
        | Class::BadGateway
        | Class::Unavailable
        | Class::GatewayTimeout => &[Known::Failed],
    }
}

/// What a read has to be struck with: it has no effect, so one effect stands for all.
pub(super) fn of_a_read(class: Class) -> &'static [Effect] {
    class.effects().get(..1).unwrap_or_default()
}

impl Known {
    /// The code of a call that ends so.
    pub(super) fn code(self) -> Option<Code> {
        match self {
            Self::Good => None,
            Self::Silence => Some(Code::VendorTimeout),
            Self::Broken | Self::Failed => Some(Code::VendorUnavailable),
            Self::BadBody | Self::Redirected => Some(Code::VendorInvalidResponse),
            Self::Unauthorized => Some(Code::VendorUnauthorized),
            Self::Throttled => Some(Code::VendorRateLimited),
        }
    }

    /// Whether a write that ends so may have taken effect, or may still do so.
    pub(super) fn is_open(self) -> bool {
        match self {
            Self::Silence | Self::Broken | Self::Failed | Self::Redirected => true,
            Self::Good | Self::BadBody | Self::Unauthorized | Self::Throttled => false,
        }
    }

    /// Whether a read that ends so is made again.
    pub(super) fn read_again(self) -> bool {
        match self {
            Self::Silence | Self::Broken | Self::BadBody | Self::Failed | Self::Throttled => true,
            Self::Good | Self::Redirected | Self::Unauthorized => false,
        }
    }
}
