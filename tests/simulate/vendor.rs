//! The vendors of the runs.

/// The vendors, in the order in which the seeds take their turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vendor {
    ElevenLabs,
    Awardee,
    Attention,
}

impl Vendor {
    pub(crate) const ALL: [Self; 3] = [Self::ElevenLabs, Self::Awardee, Self::Attention];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ElevenLabs => "elevenlabs",
            Self::Awardee => "awardee",
            Self::Attention => "attention",
        }
    }

    /// Whether a write replaces the whole set.
    pub(crate) fn replaces(self) -> bool {
        self != Self::ElevenLabs
    }
}
