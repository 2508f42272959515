//! The file and the environment laid over each other, with the origin of every value kept.

use std::collections::{BTreeMap, BTreeSet};

use figment::providers::{Format as _, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use toml_edit::Document;

use super::fault::{Fault, Place, quoted};
use super::locate::{Path, Position, position_at, position_of};

/// What variables that configure begin with.
const PREFIX: &str = "TAGWAY_";

/// The merged values, and where each of them came from.
pub(super) struct Layers<'a> {
    root: Dict,
    figment: Figment,
    file: &'a str,
    /// Nothing where only the more lenient of the two parsers took the text.
    document: Option<Document<&'a str>>,
    variables: BTreeMap<String, Variable>,
}

/// An environment variable that configures.
struct Variable {
    path: Vec<String>,
    raw: String,
}

/// One variable as a layer of its own, so that its values know its name.
struct Layer {
    name: String,
    dict: Dict,
}

impl<'a> Layers<'a> {
    /// Lays the variables that begin with `TAGWAY_` over the text. A variable that a secret reference names is a
    /// secret, not configuration.
    ///
    /// # Errors
    /// The first syntax error: after it nothing else can be judged.
    pub(super) fn read(
        text: &'a str,
        file: &'a str,
        environment: &BTreeMap<String, String>,
        faults: &mut Vec<Fault>,
    ) -> Result<Self, Fault> {
        let from_file = Toml::from_str::<Dict>(text).map_err(|error| {
            let Position { line, column } =
                position_at(text, error.span().map_or(0, |span| span.start));
            let place = Place::File {
                file: file.to_owned(),
                line,
                column,
            };
            // Only what was expected: the line itself may hold a secret.
            Fault::error(
                place,
                "",
                error.message().lines().collect::<Vec<_>>().join(": "),
            )
        })?;
        let secrets = secret_variables(&from_file, environment);
        let mut layers = Self {
            root: Dict::new(),
            figment: Figment::from(Toml::string(text)),
            file,
            document: Document::parse(text).ok(),
            variables: BTreeMap::new(),
        };
        for (name, raw) in environment {
            if name.starts_with(PREFIX) && !secrets.contains(name.as_str()) {
                layers.lay_over(name, raw, faults);
            }
        }
        layers.root = layers.merged();
        Ok(layers)
    }

    /// The values at the root.
    pub(super) fn root(&self) -> &Dict {
        &self.root
    }

    /// Where the value at `path` was written.
    pub(super) fn place(&self, path: &Path, value: &Value) -> Place {
        match self.variable_of(value) {
            Some(name) => Place::Variable(name.to_owned()),
            None => self.place_in_file(path),
        }
    }

    /// Where something that is missing at `path` belongs: in `table`, the nearest that there is.
    pub(super) fn place_of_missing(&self, path: &Path, table: &Path, value: &Value) -> Place {
        if self.is_in_file(table) {
            return self.place_in_file(path);
        }
        self.place(path, value)
    }

    /// The line and column of `path` in the file, or of the nearest table, or of the file's begin.
    pub(super) fn place_in_file(&self, path: &Path) -> Place {
        let Position { line, column } = self
            .position(path)
            .unwrap_or(Position { line: 1, column: 1 });
        Place::File {
            file: self.file.to_owned(),
            line,
            column,
        }
    }

    /// Where `path` stands in the file, or the nearest table above it.
    pub(super) fn position(&self, path: &Path) -> Option<Position> {
        position_of(self.document.as_ref()?, path).0
    }

    /// Whether the file holds exactly this path.
    pub(super) fn is_in_file(&self, path: &Path) -> bool {
        self.document
            .as_ref()
            .is_some_and(|document| position_of(document, path).1)
    }

    /// The text of the variable that is exactly this value, before any type was guessed.
    pub(super) fn raw(&self, path: &Path, value: &Value) -> Option<&str> {
        let variable = self.variables.get(self.variable_of(value)?)?;
        (path.keys()? == variable.path).then(|| variable.raw.trim())
    }

    /// How a key is written where `value` was: its name, or the variable that was meant.
    pub(super) fn spelling(&self, table: &Path, key: &str, value: &Value) -> String {
        let variable = self
            .variable_of(value)
            .and_then(|name| self.variables.get(name));
        let path = table.key(key);
        let (Some(variable), Some(keys)) = (variable, path.keys()) else {
            return key.to_owned();
        };
        let deeper = variable.path.iter().skip(keys.len()).map(String::as_str);
        let meant: Vec<&str> = keys.iter().copied().chain(deeper).collect();
        format!("{PREFIX}{}", meant.join("__").to_uppercase())
    }

    fn variable_of(&self, value: &Value) -> Option<&str> {
        self.figment
            .get_metadata(value.tag())?
            .source
            .as_ref()?
            .custom()
    }

    fn merged(&self) -> Dict {
        let mut profiles = self.figment.data().unwrap_or_default();
        profiles.remove(&Profile::Default).unwrap_or_default()
    }

    fn lay_over(&mut self, name: &str, raw: &str, faults: &mut Vec<Fault>) {
        let rest = name.get(PREFIX.len()..).unwrap_or_default().to_lowercase();
        let path: Vec<String> = rest.split("__").map(str::to_owned).collect();
        let place = Place::Variable(name.to_owned());
        let shown: Path = path.iter().map(String::as_str).collect();

        if let Some((other, _)) = self
            .variables
            .iter()
            .find(|(_, variable)| variable.path == path)
        {
            let detail = format!("{} sets the same key", quoted(other));
            faults.push(Fault::error(place, shown, detail));
            return;
        }
        // Behind a character of several bytes, figment 0.10 counts an escape's place in characters and panics, or
        // drops what stands before it.
        if raw.contains('"') && raw.contains('\\') && !raw.is_ascii() {
            let detail = "a text in quotes that has an escape may hold only ASCII";
            let fault = Fault::error(place, shown, detail);
            faults.push(
                fault.cure("write the other characters as `\\u` and four hexadecimal digits"),
            );
            return;
        }
        let Ok(value) = raw.parse::<Value>();
        if let Some(detail) = misfit(&self.merged(), &path, &value) {
            faults.push(Fault::error(place, shown, detail));
            return;
        }
        let value = path.iter().rev().fold(value, |inner, key| {
            Value::from(Dict::from([(key.clone(), inner)]))
        });
        if let Some(dict) = value.into_dict() {
            let figment = std::mem::take(&mut self.figment);
            self.figment = figment.merge(Layer {
                name: name.to_owned(),
                dict,
            });
            let raw = raw.to_owned();
            self.variables
                .insert(name.to_owned(), Variable { path, raw });
        }
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::from(
            "environment variable",
            figment::Source::Custom(self.name.clone()),
        )
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Map::from([(Profile::Default, self.dict.clone())]))
    }
}

/// Why a variable cannot be laid over what is there: a merge would put a table in a plain value's place, or the
/// other way round, and so drop without a word what the file says.
fn misfit(root: &Dict, path: &[String], value: &Value) -> Option<String> {
    let mut table = root;
    for (depth, key) in path.iter().enumerate() {
        let there = table.get(key)?;
        let last = depth + 1 == path.len();
        match (there, value) {
            (Value::Dict(_, inner), _) if !last => table = inner,
            (Value::Dict(..), Value::Dict(..)) => return None,
            (Value::Dict(..), _) => {
                return Some(format!(
                    "{} is a table, which a variable cannot replace",
                    quoted(key)
                ));
            }
            (_, Value::Dict(..)) => return Some(format!("{} is not a table", quoted(key))),
            _ if !last => return Some(format!("{} is not a table", quoted(key))),
            _ => return None,
        }
    }
    None
}

/// The variables that a route's `secret` names, in the file or in a variable.
fn secret_variables<'e>(
    file: &Dict,
    environment: &'e BTreeMap<String, String>,
) -> BTreeSet<&'e str> {
    let routes = file.get("routes").and_then(Value::as_dict);
    let tables = routes
        .into_iter()
        .flat_map(Dict::values)
        .filter_map(Value::as_dict);
    let in_file = tables.filter_map(|route| route.get("secret")?.as_str());

    let names_secret = |name: &str| {
        name.starts_with("TAGWAY_ROUTES__") && name.to_uppercase().ends_with("__SECRET")
    };
    let in_variables = environment
        .iter()
        .filter(|(name, _)| names_secret(name))
        .map(|(_, value)| value.as_str());

    in_file
        .chain(in_variables)
        .filter_map(|reference| reference.trim().trim_matches('"').strip_prefix("env:"))
        .filter_map(|name| {
            environment
                .get_key_value(name)
                .map(|(name, _)| name.as_str())
        })
        .collect()
}
