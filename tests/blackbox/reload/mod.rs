//! Another configuration takes the place of the running one, and nobody notices but those whom it is about.

mod files;
mod load;
mod order;
mod rotate;

use crate::support::{Answer, Gateway};
use serde_json::Value;
use std::{fs, path::PathBuf};
use tempfile::TempDir;

/// A gateway, and the file that it reloads from.
struct Reloading {
    gateway: Gateway,
    file: PathBuf,
    folder: TempDir,
}

/// What stands above the routes in every file here.
const SERVER: &str = "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n";

impl Reloading {
    /// Starts with these routes.
    async fn start(routes: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gateway.toml");
        fs::write(&file, format!("{SERVER}{routes}")).unwrap();
        let gateway = Gateway::from_file(&file).await;
        Self {
            gateway,
            file,
            folder,
        }
    }

    /// Puts these routes into the file, at once as an editor does.
    fn write(&self, routes: &str) {
        self.write_all(&format!("{SERVER}{routes}"));
    }

    fn write_all(&self, text: &str) {
        let new = self.file.with_extension("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, &self.file).unwrap();
    }

    async fn reload(&self) -> Answer {
        self.gateway.admin("POST", "/reload").send().await
    }

    async fn ready(&self) -> Value {
        self.gateway
            .admin("GET", "/readyz")
            .send()
            .await
            .is(200)
            .json()
    }
}
