//! The kept corpora of the fuzz targets, replayed, and hostile ids through one of them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and these helpers are used by nothing else"
)]

mod hostile;
#[allow(unreachable_pub, reason = "the fuzzer's package uses it, too")]
mod targets;

use std::{fs, path::PathBuf};
use targets::{TARGETS, run};

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "fuzz"]
        .iter()
        .collect()
}

#[test]
fn every_kept_input_keeps_every_promise() {
    for (name, run) in TARGETS {
        let files = fs::read_dir(folder().join("corpus").join(name)).unwrap();
        let mut count = 0;
        for file in files {
            let path = file.unwrap().path();
            println!("{}", path.display());
            run(&fs::read(&path).unwrap());
            count += 1;
        }
        assert!(count >= 20, "{name} has {count} inputs");
        // Nothing at all is an input as well.
        run(b"");
    }
}

#[test]
fn every_target_has_its_program() {
    let mut programs: Vec<String> = fs::read_dir(folder().join("fuzz_targets"))
        .unwrap()
        .map(|file| {
            file.unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    programs.sort_unstable();
    assert_eq!(programs, TARGETS.map(|(name, _)| name));
    for name in programs {
        let text =
            fs::read_to_string(folder().join("fuzz_targets").join(format!("{name}.rs"))).unwrap();
        assert!(text.contains(&format!("run(\"{name}\", data)")), "{name}");
        run(&name, b"");
    }
}
