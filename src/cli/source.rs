//! What a command that only looks at the configuration needs: the file, the variables and the vendors.

use crate::{
    config::{self, Fault, Loaded, Place, Secrets, Severity},
    gateway::vendor_keys,
};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, path::Path};

/// The configuration as it was found.
pub(super) struct Source {
    /// The file's name, as it was given.
    pub(super) name: String,
    /// What the file holds.
    pub(super) text: String,
    variables: BTreeMap<String, String>,
}

impl Source {
    /// Reads the file and this process's variables.
    ///
    /// # Errors
    /// Why the file cannot be read as text, and where.
    pub(super) fn read(file: &Path) -> Result<Self, Fault> {
        let name = file.display().to_string();
        let fault = |place: Place, detail: String, cure: &str| Fault {
            place,
            path: String::new(),
            detail,
            cure: Some(cure.to_owned()),
            severity: Severity::Error,
        };
        let bytes = std::fs::read(file).map_err(|error| {
            let detail = format!("{name}: cannot be read: {error}");
            fault(
                Place::Nowhere,
                detail,
                "name another file with --config FILE",
            )
        })?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let sound = error.utf8_error().valid_up_to();
            let before = error.as_bytes().get(..sound).unwrap_or_default();
            let before = String::from_utf8_lossy(before);
            let last = before.rsplit('\n').next().unwrap_or_default();
            let place = Place::File {
                file: name.clone(),
                line: before.matches('\n').count() + 1,
                column: last.chars().count() + 1,
            };
            fault(
                place,
                "this byte is not UTF-8".to_owned(),
                "save the file as UTF-8",
            )
        })?;
        Ok(Self {
            name,
            text,
            variables: variables(),
        })
    }

    /// A configuration that is in no file, with this process's variables.
    pub(super) fn of_text(name: &str, text: &str) -> Self {
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
            variables: variables(),
        }
    }

    /// The SHA-256 of the file, in hexadecimal digits.
    pub(super) fn digest(&self) -> String {
        let digest = Sha256::digest(self.text.as_bytes());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Puts a variable over what the process has.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// Checks it.
    ///
    /// # Errors
    /// Every fault.
    pub(super) fn load(&self, secrets: Secrets) -> Result<Loaded, Vec<Fault>> {
        config::load(
            &self.text,
            &self.name,
            &self.variables,
            &vendor_keys(),
            secrets,
        )
    }
}

/// This process's variables. One that is not UTF-8 must not be passed over: its changed text is refused where it counts.
fn variables() -> BTreeMap<String, String> {
    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    std::env::vars_os()
        .map(|(name, value)| (text(name), text(value)))
        .filter(|(name, _)| !super::with::is_given(name))
        .collect()
}
