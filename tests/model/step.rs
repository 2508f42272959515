//! The steps that a search counts, and how a way to a loss is told.

use crate::{
    protocol::Told,
    state::{Body, Named, Tags},
};
use std::fmt;

/// One thing that happens. Sending and landing are two steps. A write that its sender still listens to is acknowledged
/// as it lands: an answer that comes later, or that is lost after the write has landed, gives the same stories as one
/// whose sender waits longer before its next step, or has stopped listening before. A timeout is one step, and what is
/// done about it the next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Reads {
        process: usize,
        change: usize,
        sees: Tags,
    },
    FindsTrue {
        process: usize,
        change: usize,
    },
    ChecksLease {
        process: usize,
    },
    Sends {
        process: usize,
        change: usize,
        body: Body,
    },
    SendsAgain {
        process: usize,
        change: usize,
        body: Body,
    },
    TakesBack {
        process: usize,
        change: usize,
    },
    TimesOut {
        process: usize,
        change: usize,
    },
    Tells {
        process: usize,
        change: usize,
        told: Told,
    },
    Acknowledges {
        process: usize,
        change: usize,
    },
    Lands {
        change: usize,
        body: Body,
        heard: bool,
    },
    Vanishes {
        change: usize,
        body: Body,
    },
    TakesLease {
        process: usize,
    },
    ReleasesLease {
        process: usize,
    },
    LeaseExpires,
    Restarts {
        process: usize,
    },
    OutsiderAdds,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Reads {
                process,
                change,
                sees,
            } => {
                write!(
                    f,
                    "process {process} reads {} for change {change}",
                    Named(sees)
                )
            }
            Self::FindsTrue { process, change } => write!(
                f,
                "process {process} reads, finds change {change} true already, acknowledges it"
            ),
            Self::ChecksLease { process } => write!(f, "process {process} finds it has the lease"),
            Self::Sends {
                process,
                change,
                body,
            } => {
                write!(f, "process {process} sends {body} for change {change}")
            }
            Self::SendsAgain {
                process,
                change,
                body,
            } => {
                write!(
                    f,
                    "process {process} sends {body} again for change {change}"
                )
            }
            Self::TakesBack { process, change } => {
                write!(f, "process {process} sends what takes change {change} back")
            }
            Self::TimesOut { process, change } => {
                write!(
                    f,
                    "process {process} hears no answer to change {change} in time"
                )
            }
            Self::Tells {
                process,
                change,
                told,
            } => {
                write!(
                    f,
                    "process {process} tells the caller of change {change}: {told:?}"
                )
            }
            Self::Acknowledges { process, change } => {
                write!(f, "process {process} reads, acknowledges change {change}")
            }
            Self::Lands {
                change,
                body,
                heard: true,
            } => {
                write!(f, "{body} of change {change} lands and is answered")
            }
            Self::Lands {
                change,
                body,
                heard: false,
            } => {
                write!(f, "{body} of change {change} lands late, unheard")
            }
            Self::Vanishes { change, body } => write!(f, "{body} of change {change} vanishes"),
            Self::TakesLease { process } => write!(f, "process {process} takes the lease"),
            Self::ReleasesLease { process } => write!(f, "process {process} releases the lease"),
            Self::LeaseExpires => write!(f, "the lease expires"),
            Self::Restarts { process } => write!(f, "process {process} dies and is back"),
            Self::OutsiderAdds => write!(f, "the outside writer adds its tag"),
        }
    }
}
