//! The tags that only one change adds: what its caller was told, held against what reached the twin.

use super::{
    history::{Asked, Record, Told},
    judge::Evidence,
    universe::Mask,
};
use tagway::error::{Code, Outcome};

impl Evidence<'_> {
    /// The tags that only one change adds: what it was told, and what became of them.
    pub(super) fn markers(&self, conversation: usize) {
        for record in self.of(conversation) {
            let Asked::Change {
                marker: Some(marker),
                representation,
                ..
            } = &record.asked
            else {
                continue;
            };
            let bit = self.universe.marker(*marker);
            let put_on = self
                .landings
                .iter()
                .find(|l| l.conversation == conversation && l.on & bit != 0);
            let in_time = put_on.is_some_and(|landing| landing.at <= record.at);
            let told = |what: &'static str, why: &str| {
                self.log.violation(
                    what,
                    format!("c{conversation} m{marker}: {why}; told {:?}", record.told),
                );
            };
            match &record.told {
                Told::Changed { added, set, .. } => {
                    // What a later change of the same batch takes off again never reaches the vendor.
                    let gone = self.may_be_gone(record, bit);
                    if added & bit == 0 || (!in_time && !gone) {
                        told("false_applied", "acknowledged and not put on before");
                    } else if self.contents[conversation] & bit == 0 && !gone {
                        told("lost", "acknowledged and gone, and nobody took it off");
                    }
                    if set.is_some() && !representation {
                        told("answer", "the set is shown and was not asked for");
                    }
                }
                Told::Failed {
                    outcome: Some(Outcome::NotApplied),
                    ..
                } if put_on.is_some() => {
                    told("false_not_applied", "said not to be applied and put on");
                }
                Told::Failed {
                    outcome: Some(Outcome::Applied),
                    ..
                } if !in_time => {
                    told("false_applied", "said to be applied and not put on before");
                }
                Told::Failed {
                    outcome: None,
                    code,
                    ..
                } if *code != Code::PartiallyApplied => {
                    told("answer", "nothing is said of the outcome");
                }
                Told::Failed { parts, .. } if parts.applied.0 & bit != 0 && !in_time => {
                    told(
                        "false_applied",
                        "said to be a part that is applied and not put on before",
                    );
                }
                Told::Failed { parts, .. }
                    if parts.not_applied.0 & bit != 0 && put_on.is_some() =>
                {
                    told(
                        "false_not_applied",
                        "said to be a part that is not applied and put on",
                    );
                }
                _ => {}
            }
        }
    }

    /// Whether a change that is not over before this one began may take the tag off, or somebody else replaces sets.
    fn may_be_gone(&self, record: &Record, bit: Mask) -> bool {
        self.of(record.conversation)
            .any(|other| match (&other.asked, &other.told) {
                (
                    Asked::Change { .. },
                    Told::Failed {
                        outcome: Some(Outcome::NotApplied),
                        ..
                    },
                ) => false,
                (Asked::Change { wish, .. }, told) => {
                    let over = matches!(told, Told::Changed { .. }) && other.at < record.begun;
                    let (_, off) = wish.reach(&self.rules(), self.universe.all());
                    !over && off & bit != 0
                }
                (Asked::Another { .. }, _) => self.universe.vendor.replaces(),
                _ => false,
            })
    }
}
