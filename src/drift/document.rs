//! A vendor's document as it is read for a comparison: nothing of it is compiled, so that a part that we do not use
//! may be as it likes.

use crate::schema::from_3_0;
use serde_json::Value;

/// Longest chain of references that is followed.
const MAX_HOPS: usize = 32;

/// The methods that a path item can hold.
const METHODS: [&str; 7] = ["get", "put", "post", "delete", "patch", "head", "options"];

/// An OpenAPI document of version 3.0 or 3.1, schemas in the dialect of 3.1.
#[derive(Clone, Debug)]
pub struct Described(Value);

/// Why a text is not a document that can be compared.
#[derive(Debug, thiserror::Error)]
pub enum UnusableDocument {
    /// It is no JSON.
    #[error("is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is of another kind.
    #[error("is not an OpenAPI document of version 3.0 or 3.1")]
    Version,
    /// It describes nothing.
    #[error("describes no operation")]
    Empty,
}

/// One operation.
#[derive(Clone, Debug)]
pub(super) struct Operation<'a> {
    pub(super) id: String,
    /// In lower case, as in the document.
    pub(super) method: &'a str,
    /// As in the document, such as `/tags/{tag_id}`.
    pub(super) path: &'a str,
    pub(super) document: &'a Described,
    item: &'a Value,
    value: &'a Value,
}

/// A schema in its document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schema<'a> {
    pub(super) document: &'a Described,
    pub(super) value: &'a Value,
}

impl Described {
    /// Reads a document.
    ///
    /// # Errors
    /// As [`UnusableDocument`] says.
    pub fn read(text: &str) -> Result<Self, UnusableDocument> {
        let mut value: Value = serde_json::from_str(text)?;
        match value.get("openapi").and_then(Value::as_str) {
            Some(version) if version.starts_with("3.1") => {}
            Some(version) if version.starts_with("3.0") => from_3_0(&mut value),
            _ => return Err(UnusableDocument::Version),
        }
        let document = Self(value);
        if document.operations().next().is_none() {
            return Err(UnusableDocument::Empty);
        }
        Ok(document)
    }

    /// The whole document.
    pub fn value(&self) -> &Value {
        &self.0
    }

    pub(super) fn operations(&self) -> impl Iterator<Item = Operation<'_>> {
        let paths = self.0.get("paths").and_then(Value::as_object);
        paths.into_iter().flatten().flat_map(move |(path, item)| {
            METHODS.into_iter().filter_map(move |method| {
                let value = item.get(method)?;
                let id = value.get("operationId").and_then(Value::as_str);
                Some(Operation {
                    id: id.unwrap_or(path).to_owned(),
                    method,
                    path,
                    document: self,
                    item,
                    value,
                })
            })
        })
    }

    /// The statuses that tell success of an operation.
    pub(crate) fn success_statuses(&self, operation: &str) -> Vec<String> {
        let operation = self.operations().find(|one| one.id == operation);
        let answers = operation.iter().flat_map(Operation::answers);
        answers.map(|(status, _)| status.to_owned()).collect()
    }

    /// The operation of the same method and path, else of the same id: ids of ours are not always the vendor's.
    pub(super) fn matching(&self, wanted: &Operation<'_>) -> Option<Operation<'_>> {
        let same_place = |one: &Operation<'_>| {
            one.method == wanted.method && form(one.path) == form(wanted.path)
        };
        self.operations()
            .find(same_place)
            .or_else(|| self.operations().find(|one| one.id == wanted.id))
    }

    /// What stands behind a chain of references; a reference that leads nowhere is itself.
    pub(super) fn resolved<'a>(&'a self, mut value: &'a Value) -> &'a Value {
        for _ in 0..MAX_HOPS {
            let next = value
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|reference| self.0.pointer(reference.strip_prefix('#')?));
            match next {
                Some(next) => value = next,
                None => return value,
            }
        }
        value
    }
}

impl<'a> Operation<'a> {
    /// The parameters of the path and of the operation, references followed.
    pub(super) fn parameters(&self) -> impl Iterator<Item = &'a Value> {
        let document = self.document;
        [self.item, self.value]
            .into_iter()
            .filter_map(|holder| holder.get("parameters")?.as_array())
            .flatten()
            .map(|parameter| document.resolved(parameter))
    }

    /// The schema of the JSON body that is sent.
    pub(super) fn body(&self) -> Option<Schema<'a>> {
        self.json(self.value.get("requestBody")?)
    }

    /// The statuses that tell success, each with the schema of its JSON body.
    pub(super) fn answers(&self) -> impl Iterator<Item = (&'a str, Option<Schema<'a>>)> {
        let responses = self.value.get("responses").and_then(Value::as_object);
        responses
            .into_iter()
            .flatten()
            .filter(|(status, _)| status.starts_with('2'))
            .map(|(status, answer)| (status.as_str(), self.json(answer)))
    }

    /// The schema of the JSON body that comes with a status.
    pub(super) fn answer(&self, status: &str) -> Option<Schema<'a>> {
        self.json(self.value.get("responses")?.get(status)?)
    }

    /// What a key can be sent in, as the document says: names of headers in lower case. Empty where nothing is said.
    pub(super) fn key_headers(&self) -> Vec<String> {
        let root = &self.document.0;
        let ways = self.value.get("security").or_else(|| root.get("security"));
        let names = ways
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .flat_map(|way| way.keys());
        let header = |name: &String| {
            let schemes = root.pointer("/components/securitySchemes")?;
            let scheme = self.document.resolved(schemes.get(name)?);
            match scheme.get("type")?.as_str()? {
                "apiKey" if scheme.get("in")? == "header" => {
                    Some(scheme.get("name")?.as_str()?.to_ascii_lowercase())
                }
                "apiKey" => Some(format!("{name} (no header)")),
                _ => Some("authorization".to_owned()),
            }
        };
        names.filter_map(header).collect()
    }

    fn json(&self, holder: &'a Value) -> Option<Schema<'a>> {
        let content = self.document.resolved(holder).get("content")?.as_object()?;
        let media = content
            .iter()
            .find(|(media, _)| media.starts_with("application/json"))
            .or_else(|| content.iter().find(|(media, _)| media.contains("+json")))?;
        Some(Schema {
            document: self.document,
            value: media.1.get("schema")?,
        })
    }
}

/// A path whose parameters have no names.
fn form(path: &str) -> String {
    let segments = path
        .split('/')
        .map(|segment| match segment.starts_with('{') {
            true => "{}",
            false => segment,
        });
    segments.collect::<Vec<_>>().join("/")
}
