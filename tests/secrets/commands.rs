//! The commands that look at the configuration, and a start that fails: with everything loaded, and with a credential
//! on the very line that is wrong.

use crate::{
    canaries::{self, Canary, Output},
    support::{program, run},
};
use sha2::{Digest, Sha256};
use std::fs;

const SOUND: &str = "[routes.a]\nvendor = \"elevenlabs\"\nsecret = \"env:A_KEY\"\n\
                     [routes.b]\nvendor = \"awardee\"\nsecret = \"env:B_KEY\"\n\
                     [routes.c]\nvendor = \"attention\"\nsecret = \"env:C_KEY\"\n";

const COMMANDS: &[&[&str]] = &[
    &["check"],
    &["check", "--format", "json"],
    &["check", "--no-secrets"],
    &["print-config"],
    &["print-config", "--format", "json"],
    &["schema"],
    &["serve"],
];

/// What the commands print about a configuration; `variables` come on top of the vendors' keys.
fn printed(text: &str, variables: &[(&str, &str)], output: &mut Output) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.toml");
    fs::write(&path, text).unwrap();
    for arguments in COMMANDS {
        let mut command = program(arguments);
        command.args(["--config", path.to_str().unwrap()]);
        // It has nowhere to listen, so that serving ends by itself whatever it finds.
        command
            .env("TAGWAY_SERVER__LISTEN", "192.0.2.1:1")
            .env("TAGWAY_SERVER__ALLOW_MOCK", "true")
            .env("RUST_LOG", "trace");
        for (name, key) in ["A_KEY", "B_KEY", "C_KEY"]
            .iter()
            .zip(canaries::vendor_keys())
        {
            command.env(name, key.value);
        }
        command.envs(variables.iter().copied());
        let (_, out, err) = run(&mut command);
        let place = format!("{arguments:?} of {text:?} with {variables:?}");
        output.add(format!("{place}: stdout"), out);
        output.add(format!("{place}: stderr"), err);
    }
}

fn clients() -> String {
    let keys = canaries::client_keys();
    let hashes = keys.iter().map(|key| {
        let hash = Sha256::digest(&key.value);
        hash.iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    });
    let hashes: Vec<String> = hashes.collect();
    format!(
        "[[clients]]\nname = \"crm\"\nroutes = [\"a\"]\nscopes = [\"read\"]\nkey_sha256 = {hashes:?}\n"
    )
}

#[test]
fn nothing_that_a_command_prints_of_a_sound_configuration_holds_a_credential() {
    let mut output = Output::default();
    printed(SOUND, &[], &mut output);
    output.is_clean(&canaries::all());

    // What a client's key is compared with is configuration, and printed as it stands there; nothing else of it is.
    let mut output = Output::default();
    printed(&format!("{}{SOUND}", clients()), &[], &mut output);
    let hits = output.hits(&canaries::all());
    assert!(
        hits.iter()
            .all(|hit| hit.contains("\"print-config\"") && hit.contains(", SHA-256")),
        "{hits:#?}"
    );
    assert!(!hits.is_empty());
}

#[test]
fn a_credential_on_the_line_that_is_wrong_is_not_repeated() {
    let Canary { value, .. } = &canaries::vendor_keys()[2];
    let mut output = Output::default();
    let route = "[routes.a]\nvendor = \"elevenlabs\"\n";
    for line in [
        format!("secret = \"{value}"),
        format!("secret = {value}"),
        format!("secret = \"{value}\""),
        format!("secret = '{value}' x"),
        format!("secret = \"{value}\\q\""),
        format!("secret = \"\"\"\n{value}"),
        format!("secret = [\"{value}\"]"),
        format!("secret = {{ key = \"{value}\" }}"),
        format!("secret = \"env:{value}\""),
        format!("secret \"{value}\""),
        format!("secret: {value}"),
        format!("api_key = \"{value}\""),
        format!("secret = \"env:A_KEY\"\nbase_url = \"https://user:{value}@api.elevenlabs.io\""),
        format!("secret = \"env:A_KEY\"\nbase_url = \"https://api.elevenlabs.io?key={value}\""),
        format!("secret = \"env:A_KEY\"\nbase_url = \"https://api.elevenlabs.io/{value}\""),
    ] {
        printed(&format!("{route}{line}\n"), &[], &mut output);
    }
    let line = format!("key_sha256 = [\"{value}\"]");
    let wrong = clients();
    let wrong = wrong
        .lines()
        .map(|known| match known.starts_with("key_sha256") {
            true => line.as_str(),
            false => known,
        });
    let wrong: Vec<&str> = wrong.collect();
    printed(&format!("{}\n{SOUND}", wrong.join("\n")), &[], &mut output);
    output.is_clean(&canaries::all());
}

#[test]
fn a_credential_in_a_variable_that_is_wrong_is_not_repeated() {
    let Canary { value, .. } = &canaries::vendor_keys()[2];
    let mut output = Output::default();
    let (folded, wide) = (format!("{value}\nX-Evil: 1"), format!("{value}é"));
    for variables in [
        [("A_KEY", folded.as_str())],
        [("A_KEY", wide.as_str())],
        [("TAGWAY_ROUTES__A__SECRET", value.as_str())],
        [("TAGWAY_ROUTES__A__APIKEY", value.as_str())],
        [("TAGWAY_ROUTES__A__SECRET__KEY", value.as_str())],
        [("TAGWAY_ROUTES__A__ATTEMPTS", value.as_str())],
    ] {
        printed(SOUND, &variables, &mut output);
    }
    output.is_clean(&canaries::all());
}
