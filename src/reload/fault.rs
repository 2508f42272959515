//! What a configuration is refused for although each of its values is sound.

use crate::{
    config::{Effective, Fault, Loaded, Origin, Place, Server, Severity},
    gateway::BuildError,
};

/// Which table each account comes from, for faults that name an account.
#[derive(Debug)]
pub struct Places {
    effective: Effective,
    /// The account's key and its first route's table.
    accounts: Vec<(String, String)>,
}

impl Places {
    /// Of a configuration.
    pub fn of(loaded: &Loaded) -> Self {
        let routes = loaded.config.routes.iter().filter_map(|route| {
            let account = loaded.config.accounts.get(route.account)?;
            Some((account.key.clone(), format!("routes.{}", route.name)))
        });
        Self {
            accounts: routes.collect(),
            effective: loaded.effective.clone(),
        }
    }

    /// Why it cannot be built, at the place that the operator has to look at.
    pub fn fault(&self, error: &BuildError) -> Fault {
        let path = match error {
            BuildError::Account { account, .. } => self
                .accounts
                .iter()
                .find_map(|(key, path)| (key == account).then(|| path.clone())),
            BuildError::Document(_) | BuildError::Operation { .. } | BuildError::Tls(_) => None,
        };
        let path = path.unwrap_or_default();
        fault(place_of(&path, &self.effective), path, error.to_string())
    }
}

/// What cannot change while the process runs, where it did.
pub(super) fn needs_restart(old: &Server, new: &Server, effective: &Effective) -> Vec<Fault> {
    let fixed = [
        ("listen", old.listen == new.listen),
        ("admin", old.admin == new.admin),
        ("max_in_flight", old.max_in_flight == new.max_in_flight),
        (
            "max_connections",
            old.max_connections == new.max_connections,
        ),
        (
            "max_connections_per_address",
            old.max_connections_per_address == new.max_connections_per_address,
        ),
        ("store", old.store == new.store),
        ("log", old.log == new.log),
    ];
    let changed = fixed.into_iter().filter(|(_, same)| !same);
    let told = changed.map(|(key, _)| Fault {
        cure: Some("restart, or leave it as it was".to_owned()),
        ..fault(
            place_of_key(key, effective),
            format!("server.{key}"),
            "this key takes effect at a start only".to_owned(),
        )
    });
    told.collect()
}

fn fault(place: Place, path: String, detail: String) -> Fault {
    Fault {
        place,
        path,
        detail,
        cure: None,
        severity: Severity::Error,
    }
}

/// Where the first value of the table at `path` was written.
fn place_of(path: &str, effective: &Effective) -> Place {
    let table = effective.tables.iter().find(|table| table.path == path);
    let origins = table.into_iter().flat_map(|table| &table.entries);
    let mut written = origins.filter_map(|entry| written(&entry.origin));
    written.next().unwrap_or(Place::Nowhere)
}

fn place_of_key(key: &str, effective: &Effective) -> Place {
    let server = effective.tables.iter().find(|table| table.path == "server");
    let mut entries = server.into_iter().flat_map(|table| &table.entries);
    entries
        .find(|entry| entry.key == key)
        .and_then(|entry| written(&entry.origin))
        .unwrap_or(Place::Nowhere)
}

fn written(origin: &Origin) -> Option<Place> {
    match origin {
        Origin::Written(place) => Some(place.clone()),
        Origin::Default => None,
    }
}
