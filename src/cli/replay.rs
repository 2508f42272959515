//! `tagway mock --replay`: a recording in place of the vendors.

use super::{mock::base_path, out, serve::stop_signal};
use crate::record::{Replay, serve};
use std::{path::Path, sync::Arc};
use tokio::{net::TcpListener, task::JoinSet};

/// Serves every vendor of a recording until a stop.
///
/// # Errors
/// When the file is no recording, or no port is free.
pub(super) async fn serve_all(recording: &Path) -> Result<(), String> {
    let shown = recording.display();
    let text = std::fs::read_to_string(recording)
        .map_err(|error| format!("`{shown}` cannot be read: {error}"))?;
    let replays = Replay::read(&text, base_path).map_err(|error| format!("`{shown}`, {error}"))?;
    if replays.is_empty() {
        return Err(format!("`{shown}` holds no answer"));
    }
    let signalled = stop_signal();
    let mut tasks = JoinSet::new();
    for (vendor, replay) in replays {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.map_err(|error| format!("no port is free: {error}"))?;
        let local = listener.local_addr().map_err(|error| error.to_string())?;
        out(&format!("{vendor} http://{local}{}", base_path(&vendor)));
        tasks.spawn(serve(listener, Arc::new(replay)));
    }
    signalled.await;
    Ok(())
}
