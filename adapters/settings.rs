//! Settings that only one vendor knows: what they are called, what they hold, and what they are when nobody sets them.
//!
//! In `gateway.toml` they stand in `[routes.NAME.VENDOR]`. An adapter declares them as data, so the configuration
//! checks, documents and fills them in without knowing any vendor.

use std::collections::BTreeMap;

/// One setting of one vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// The key in `[routes.NAME.VENDOR]`: lower case, digits and `_`.
    pub name: &'static str,
    /// What it holds, and its default.
    pub kind: SettingKind,
    /// One sentence for the operator: what it does, and why one would change it.
    pub doc: &'static str,
}

/// What a [`Setting`] holds, with its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingKind {
    /// `true` or `false`.
    Bool {
        /// Holds where the setting is not written.
        default: bool,
    },
    /// Free text.
    Text {
        /// Holds where the setting is not written.
        default: &'static str,
        /// Most characters (`char`s) it may have.
        max_chars: usize,
    },
    /// One of a few words.
    Choice {
        /// Holds where the setting is not written; one of `of`.
        default: &'static str,
        /// Every word it may be.
        of: &'static [&'static str],
    },
}

/// The value of one setting, of the kind that its [`Setting`] asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingValue {
    /// For [`SettingKind::Bool`].
    Bool(bool),
    /// For [`SettingKind::Text`] and [`SettingKind::Choice`].
    Text(String),
}

/// Every setting of a route's vendor by its name, those that nobody wrote with their defaults.
pub type Settings = BTreeMap<&'static str, SettingValue>;

/// The settings of a route on which nobody wrote any.
pub fn defaults(settings: &[Setting]) -> Settings {
    let value = |kind: &SettingKind| match kind {
        SettingKind::Bool { default } => SettingValue::Bool(*default),
        SettingKind::Text { default, .. } | SettingKind::Choice { default, .. } => {
            SettingValue::Text((*default).to_owned())
        }
    };
    let settings = settings.iter();
    settings
        .map(|setting| (setting.name, value(&setting.kind)))
        .collect()
}
