//! What each class of fault is on the wire.

use bytes::Bytes;

use super::{
    faults::{Ended, Seen},
    *,
};
use crate::mock::Class;

/// The whole answer of the vendor to the write, without faults.
fn status_line(vendor: &str) -> &'static str {
    if vendor == "elevenlabs" {
        "HTTP/1.1 204 No Content"
    } else {
        "HTTP/1.1 200 OK"
    }
}

pub(super) fn check(vendor: &str, class: Class, seen: &Seen) {
    let text = seen.text();
    let bodied = vendor == "awardee";
    let answered = |status: &str| {
        assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{text}");
        assert_eq!(seen.end, Ended::Close);
    };
    let refused = |status: &str| {
        answered(status);
        let (_, body) = seen.parts();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert!(body.get("detail").is_some() || body.get("error").is_some());
    };
    match class {
        Class::Latency | Class::Slicer | Class::Trickle => {
            assert!(text.starts_with(status_line(vendor)), "{text}");
            assert_eq!(seen.end, Ended::Close);
            let (_, body) = seen.parts();
            if bodied {
                assert_eq!(seen.length(), body.len());
                serde_json::from_slice::<serde_json::Value>(&body).unwrap();
            } else {
                assert_eq!(body, b"");
            }
        }
        Class::LateApply | Class::Refuse | Class::ResetBeforeHeaders => {
            assert_eq!((seen.end, text.as_str()), (Ended::Reset, ""));
        }
        Class::Blackhole | Class::HalfClose => {
            assert_eq!((seen.end, text.as_str()), (Ended::Close, ""));
        }
        Class::TlsFailure => {
            let alert = (Ended::Close, &[0x15, 3, 3, 0, 2, 2, 40][..]);
            assert_eq!((seen.end, &seen.bytes[..]), alert);
        }
        Class::ResetInHeaders => {
            assert_eq!(seen.end, Ended::Reset);
            assert!(text.starts_with("HTTP/1.1 20"), "{text}");
            assert!(!text.contains("\r\n\r\n"), "{text}");
        }
        Class::ResetAfterHeaders => {
            assert_eq!(seen.end, Ended::Reset);
            assert!(seen.length() > 0);
            assert_eq!(seen.parts().1, b"");
        }
        Class::ResetInBody => {
            assert_eq!(seen.end, Ended::Reset);
            let (_, body) = seen.parts();
            assert!(!body.is_empty() && body.len() < seen.length(), "{text}");
        }
        Class::WrongLength => {
            assert_eq!(seen.end, Ended::Close);
            assert_eq!(seen.parts().1.len() + 100, seen.length());
        }
        Class::EndlessHeaders => {
            assert_eq!(seen.end, Ended::Enough);
            assert!(text.starts_with(status_line(vendor)), "{text}");
            assert!(!text.contains("\r\n\r\n") && text.contains("\r\nx-endless: xxx"));
        }
        Class::EndlessBody => {
            assert_eq!(seen.end, Ended::Enough);
            let (head, body) = seen.parts();
            assert!(
                head.starts_with("HTTP/1.1 200 OK") && head.contains("chunked"),
                "{head}"
            );
            assert!(body.starts_with(b"1\r\n\"\r\n4000\r\nxxx"));
        }
        Class::ContinueStorm => {
            assert_eq!(seen.end, Ended::Enough);
            let one = "HTTP/1.1 100 Continue\r\n\r\n";
            assert_eq!(text.matches(one).count(), text.len() / one.len());
        }
        Class::NoContentWithBody => {
            answered("204");
            assert_eq!(seen.parts().1, b"{\"stray\":true}");
            assert_eq!(seen.length(), 14);
        }
        Class::InvalidUtf8 => {
            answered("200");
            let (head, body) = seen.parts();
            assert!(head.contains("application/json"));
            assert!(std::str::from_utf8(&body).is_err() && body.starts_with(b"{\"data\":\""));
        }
        Class::Html => {
            answered("200");
            let (head, body) = seen.parts();
            assert!(head.contains("text/html") && body.starts_with(b"<!doctype html>"));
        }
        Class::GzipBomb => {
            assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
            let (head, body) = seen.parts();
            assert!(head.contains("content-encoding: gzip") && body.starts_with(&[0x1f, 0x8b, 8]));
            assert!((500_000..1_000_000).contains(&seen.length()));
        }
        Class::Redirect => {
            answered("307");
            assert!(
                text.contains("location: https://elsewhere.invalid/"),
                "{text}"
            );
        }
        Class::Unauthorized => refused("401"),
        Class::RateLimited => {
            refused("429");
            assert!(!text.contains("retry-after"), "{text}");
        }
        Class::RateLimitedSeconds => {
            refused("429");
            assert!(text.contains("\r\nretry-after: 2\r\n"), "{text}");
        }
        Class::RateLimitedDate => {
            refused("429");
            let line = text.lines().find(|line| line.starts_with("retry-after: "));
            let line = line.unwrap_or_else(|| panic!("{text}"));
            assert!(line.contains(", ") && line.ends_with(" GMT"), "{line}");
        }
        Class::RateLimitedMs => {
            refused("429");
            assert!(text.contains("\r\nretry-after-ms: 1500\r\n"), "{text}");
        }
        Class::RequestTimeout => refused("408"),
        Class::InternalError => refused("500"),
        Class::BadGateway => refused("502"),
        Class::Unavailable => refused("503"),
        Class::GatewayTimeout => refused("504"),
    }
}

#[test]
fn half_a_body_is_neither_nothing_nor_all() {
    for length in 2..10 {
        let body = Bytes::from(vec![b'x'; length]);
        let half = wire::half(&body).len();
        assert!(half > 0 && half < length, "{length}");
    }
    assert_eq!(wire::half(b""), b"{");
}
