//! What is asked of a peer, how fast, and what came of it.

use std::{net::SocketAddr, time::Duration};

/// What is asked, and how.
#[derive(Clone, Debug)]
pub(super) struct Load {
    pub(super) address: SocketAddr,
    pub(super) method: &'static str,
    /// `{n}` in it stands for a number that no other request has (but see `together`), `{client}` for the connection's.
    pub(super) path: String,
    /// `{own}` in it stands for the connection, `{verb}` for `add` and `remove` in turn.
    pub(super) body: String,
    pub(super) connections: usize,
    /// So many connections ask for the same conversations at the same time.
    pub(super) together: usize,
    pub(super) until: Until,
}

/// When it ends, and how fast it goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Until {
    /// Each connection asks as soon as it is answered.
    Time(Duration),
    /// So many requests a second, whatever becomes of them.
    Rate(u32, Duration),
    /// So many requests on each connection.
    Requests(usize),
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    pub(super) answered: u64,
    pub(super) failed: u64,
    pub(super) time: Duration,
    /// Microseconds; from the moment when a request was due where a rate was asked for.
    pub(super) half: f64,
    pub(super) nearly_all: f64,
}

impl Load {
    /// As the arguments of this program's role.
    pub(super) fn arguments(&self) -> Vec<String> {
        let (kind, number, time) = match self.until {
            Until::Time(time) => ("time", 0, time),
            Until::Rate(rate, time) => ("rate", rate as usize, time),
            Until::Requests(count) => ("requests", count, Duration::ZERO),
        };
        [
            self.address.to_string(),
            self.method.to_owned(),
            self.path.clone(),
            self.body.clone(),
            self.connections.to_string(),
            self.together.to_string(),
            kind.to_owned(),
            number.to_string(),
            time.as_millis().to_string(),
        ]
        .into()
    }

    /// What [`Load::arguments`] has written.
    pub(super) fn read(arguments: &[String]) -> Option<Self> {
        let [
            address,
            method,
            path,
            body,
            connections,
            together,
            kind,
            number,
            time,
        ] = arguments
        else {
            return None;
        };
        let time = Duration::from_millis(time.parse().ok()?);
        let methods = ["GET", "POST", "PATCH", "PUT"];
        Some(Self {
            address: address.parse().ok()?,
            method: methods.into_iter().find(|known| known == method)?,
            path: path.clone(),
            body: body.clone(),
            connections: connections.parse().ok()?,
            together: together.parse().ok()?,
            until: match kind.as_str() {
                "time" => Until::Time(time),
                "rate" => Until::Rate(number.parse().ok()?, time),
                _ => Until::Requests(number.parse().ok()?),
            },
        })
    }

    /// The request of one connection, `round` others being before it.
    pub(super) fn request(&self, connection: usize, round: usize) -> Vec<u8> {
        let together = self.together.max(1);
        let number = connection / together + round * (self.connections / together);
        let path = self.path.replace("{n}", &format!("{number:06}"));
        let path = path.replace("{client}", &format!("{connection:06}"));
        // Where each round is another conversation, there is nothing to take off.
        let verb = match round.is_multiple_of(2) || self.path.contains("{n}") {
            true => "add",
            false => "remove",
        };
        let own = (connection % 32).to_string();
        let body = self.body.replace("{verb}", verb).replace("{own}", &own);
        let (method, host, length) = (self.method, self.address, body.len());
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n");
        if length > 0 {
            head += &format!("content-type: application/json\r\ncontent-length: {length}\r\n");
        }
        (head + "\r\n" + &body).into_bytes()
    }
}

impl Outcome {
    /// What the role has printed.
    pub(super) fn read(text: &str) -> Option<Self> {
        let value: serde_json::Value = serde_json::from_str(text).ok()?;
        Some(Self {
            answered: value["answered"].as_u64()?,
            failed: value["failed"].as_u64()?,
            time: Duration::from_secs_f64(value["seconds"].as_f64()?),
            half: value["half"].as_f64()?,
            nearly_all: value["nearly_all"].as_f64()?,
        })
    }
}
