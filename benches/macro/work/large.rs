//! A conversation of 50 MB, of which a few ids are wanted.

use super::twin;
use crate::{
    Failure, answers,
    load::{Load, Until},
    measure::{Case, in_turn, measured},
    peers::serve,
    table::{line, median, shown},
};
use std::path::Path;

/// Size of the transcript.
const LARGE: usize = 50_000_000;

/// How often it is read.
const TIMES: usize = 5;

/// Reads it again and again.
///
/// # Errors
/// A process that cannot be started, or answers that are no successes.
pub(super) async fn run(folder: &Path) -> Result<(), Failure> {
    let size = LARGE.to_string();
    let (twin, url) = twin("elevenlabs", &["--transcript", &size])?;
    let route = format!(
        "[routes.desk]\nvendor = \"elevenlabs\"\nbase_url = \"{url}\"\nallow_any_host = true\n\
         secret = \"env:VENDOR_KEY\"\nattempt_timeout_ms = 14_000\n"
    );
    let (gateway, address, _) = serve(folder, "large", &route).await?;
    let before = gateway.most_memory();
    let load = Load {
        address,
        method: "GET",
        path: answers::set_path("conv_1"),
        body: String::new(),
        connections: 1,
        together: 1,
        until: Until::Requests(1),
    };
    measured(&gateway, &twin, &load)?;
    let case = Case {
        peer: &gateway,
        vendor: &twin,
        load,
    };
    let rounds = in_turn(&[case], TIMES)?.into_iter().flatten();
    let rates = rounds.map(|figures| LARGE as f64 / figures.cost);
    line(
        "conversation of 50 MB: MB read in a second of CPU, sockets included",
        &shown(median(rates)),
        "≥ 500",
    );
    let more = format!("{:.1}", gateway.most_memory() - before);
    line("– most memory above that at rest, MiB", &more, "flat");
    Ok(())
}
