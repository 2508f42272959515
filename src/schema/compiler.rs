use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use http::Method;
use jsonschema::Registry;
use serde_json::Value;

use super::check::{self, Check};
use super::known::Known;
use super::parameter::{Parameter, Place, Shape};
use super::recipe::Recipe;
use super::reference::{self, below};
use super::template::Template;
use super::{KeptPaths, Later, Operation, Problem, Route};

/// The methods that a path can have, as OpenAPI spells them.
const METHODS: [(&str, Method); 8] = [
    ("get", Method::GET),
    ("put", Method::PUT),
    ("post", Method::POST),
    ("delete", Method::DELETE),
    ("options", Method::OPTIONS),
    ("head", Method::HEAD),
    ("patch", Method::PATCH),
    ("trace", Method::TRACE),
];

/// Where a document keeps the schemas that it refers to.
const COMPONENTS: &str = "/components/schemas";

/// Turns the parts of one document into checks and gathers what is wrong on the way.
pub(super) struct Compiler<'d> {
    value: &'d Arc<Value>,
    /// The same in the dialect of OpenAPI 3.1.
    root: &'d Arc<Value>,
    proof: Proof<'d>,
    kept: &'d dyn Fn(&str) -> Option<KeptPaths>,
    /// By the pointer to the schema: most operations share their error answers.
    checks: HashMap<String, Check>,
    known: HashMap<String, Later<Known>>,
    problems: Vec<Problem>,
}

/// How it stands with the proof that every schema compiles.
pub(super) enum Proof<'d> {
    /// It was given before: each schema is compiled when it is needed.
    Given,
    /// Each schema is compiled at once.
    Wanted(Box<Registry<'d>>),
    /// A reference or a shared schema is known to be broken: what uses it would only repeat the fault.
    Failed,
}

impl<'d> Compiler<'d> {
    pub(super) fn new(
        value: &'d Arc<Value>,
        root: &'d Arc<Value>,
        proof: Proof<'d>,
        kept: &'d dyn Fn(&str) -> Option<KeptPaths>,
        problems: Vec<Problem>,
    ) -> Self {
        Self {
            value,
            root,
            proof,
            kept,
            checks: HashMap::new(),
            known: HashMap::new(),
            problems,
        }
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Judges the shared schemas, used or not.
    pub(super) fn components(&mut self) {
        if matches!(self.proof, Proof::Given) {
            return;
        }
        if let Some(Value::Object(schemas)) = self.root.pointer(COMPONENTS) {
            for (name, schema) in schemas {
                if !self.is_schema(schema, &below(COMPONENTS, name)) {
                    self.proof = Proof::Failed;
                }
            }
        }
    }

    /// The operations in the order given, and the paths in the order in which they are to be tried.
    pub(super) fn paths(
        &mut self,
        paths: &[(String, Vec<String>)],
    ) -> (Vec<Operation>, Vec<Route>) {
        let mut operations = Vec::new();
        let mut routes: Vec<Route> = Vec::new();
        for (path, keys) in paths {
            let pointer = below("/paths", path);
            let Some(template) = Template::parse(path) else {
                self.problem(pointer, "is not a path whose braces enclose whole segments");
                continue;
            };
            if routes.iter().any(|it| it.template.same_form(&template)) {
                self.problem(pointer, "matches the same paths as another one");
                continue;
            }
            if keys.iter().any(|key| key == "$ref") {
                self.problem(
                    pointer,
                    "stands elsewhere, which is not supported for a path",
                );
                continue;
            }
            let mut route = Route {
                template,
                operations: Vec::new(),
            };
            for key in keys {
                if let Some((_, method)) = METHODS.iter().find(|(name, _)| name == key) {
                    let operation = self.operation(path, &pointer, key, method, &route.template);
                    route.operations.push(operations.len());
                    operations.push(operation);
                }
            }
            routes.push(route);
        }
        routes.sort_by(|one, two| one.template.precedence(&two.template));
        (operations, routes)
    }

    fn operation(
        &mut self,
        path: &str,
        parent: &str,
        key: &str,
        method: &Method,
        template: &Template,
    ) -> Operation {
        let pointer = below(parent, key);
        let id = self
            .root
            .pointer(&below(&pointer, "operationId"))
            .and_then(Value::as_str)
            .unwrap_or_default();
        if id.is_empty() {
            self.problem(pointer.clone(), "has no operationId");
        }
        let mut parameters = self.parameters(&below(parent, "parameters"));
        for own in self.parameters(&below(&pointer, "parameters")) {
            parameters.retain(|it| it.name != own.name || it.place != own.place);
            parameters.push(own);
        }
        self.path_parameters(&pointer, template, &parameters);
        let body = self.resolved(&below(&pointer, "requestBody"));
        let request = body.as_ref().and_then(|(place, body)| {
            let schema = json_schema(place, body)?;
            self.check(&schema)
        });
        let request_required = body
            .as_ref()
            .and_then(|(_, body)| body.get("required")?.as_bool())
            .unwrap_or(false);
        Operation {
            id: id.to_owned(),
            method: method.clone(),
            template: path.to_owned(),
            parameters,
            request,
            request_required,
            responses: self
                .responses(&below(&pointer, "responses"), (self.kept)(id))
                .into(),
            known: self.known(&below(&pointer, "responses")).into(),
            document: Arc::clone(self.value),
            pointer,
        }
    }

    /// What the answers that tell success name, by status.
    fn known(&mut self, pointer: &str) -> BTreeMap<String, Later<Known>> {
        let Some(Value::Object(responses)) = self.root.pointer(pointer) else {
            return BTreeMap::new();
        };
        let successes = responses.keys().filter(|status| status.starts_with('2'));
        let mut all = BTreeMap::new();
        for status in successes {
            let schema = self
                .resolved(&below(pointer, status))
                .and_then(|(place, response)| json_schema(&place, response));
            let Some(schema) = schema else {
                continue;
            };
            let known = self.known.entry(schema).or_insert_with_key(|schema| {
                let (root, schema) = (Arc::clone(self.root), schema.clone());
                Arc::new(LazyLock::new(Box::new(move || Known::of(&root, &schema))))
            });
            all.insert(status.clone(), Arc::clone(known));
        }
        all
    }

    fn parameters(&mut self, pointer: &str) -> Vec<Parameter> {
        let count = match self.root.pointer(pointer) {
            Some(Value::Array(list)) => list.len(),
            _ => 0,
        };
        (0..count)
            .filter_map(|index| self.parameter(&format!("{pointer}/{index}")))
            .collect()
    }

    fn parameter(&mut self, pointer: &str) -> Option<Parameter> {
        let (pointer, parameter) = self.resolved(pointer)?;
        let text = |name: &str| parameter.get(name).and_then(Value::as_str);
        let place = match text("in") {
            Some("path") => Place::Path,
            Some("query") => Place::Query,
            Some("header") => Place::Header,
            Some("cookie") => Place::Cookie,
            _ => {
                self.problem(pointer, "says not where the parameter stands");
                return None;
            }
        };
        let (Some(name), true) = (text("name"), parameter.get("schema").is_some()) else {
            self.problem(pointer, "is a parameter without a name or a schema");
            return None;
        };
        Some(Parameter {
            name: name.to_owned(),
            place,
            required: parameter.get("required") == Some(&Value::Bool(true)),
            check: self.check(&below(&pointer, "schema"))?,
            shape: Shape::of(self.root, parameter),
        })
    }

    /// A path and its parameters have to name the same things.
    fn path_parameters(&mut self, pointer: &str, template: &Template, parameters: &[Parameter]) {
        // A parameter with a broken schema was left out; it is told already.
        if matches!(self.proof, Proof::Failed) {
            return;
        }
        let in_template: HashSet<&str> = template.names().collect();
        let declared: HashSet<&str> = parameters
            .iter()
            .filter(|it| it.place == Place::Path && it.required)
            .map(Parameter::name)
            .collect();
        let mut odd: Vec<&&str> = in_template.symmetric_difference(&declared).collect();
        odd.sort();
        for name in odd {
            let detail = format!("`{name}` must be both in the path and a required path parameter");
            self.problem(pointer.to_owned(), &detail);
        }
    }

    fn responses(
        &mut self,
        pointer: &str,
        kept: Option<KeptPaths>,
    ) -> BTreeMap<String, Option<Check>> {
        let Some(Value::Object(responses)) = self.root.pointer(pointer) else {
            self.problem(pointer.to_owned(), "describes no answer");
            return BTreeMap::new();
        };
        let mut checks = BTreeMap::new();
        for status in responses.keys().filter(|key| !key.starts_with("x-")) {
            let place = below(pointer, status);
            if !is_status(status) {
                self.problem(place, "is no status, class of statuses or `default`");
                continue;
            }
            let schema = self
                .resolved(&place)
                .and_then(|(place, response)| json_schema(&place, response));
            let check = schema.and_then(|schema| match kept {
                Some(kept) if status.starts_with('2') => {
                    self.build(Recipe::Projected(schema, kept))
                }
                _ => self.check(&schema),
            });
            checks.insert(status.clone(), check);
        }
        checks
    }

    /// The check of the schema at a pointer; `None` if it is broken, which is then told.
    fn check(&mut self, pointer: &str) -> Option<Check> {
        let (pointer, schema) = self.resolved(pointer)?;
        if let Some(check) = self.checks.get(&pointer) {
            return Some(check.clone());
        }
        let is_proven = matches!(self.proof, Proof::Given) || pointer.starts_with(COMPONENTS);
        if !is_proven && !self.is_schema(schema, &pointer) {
            return None;
        }
        let check = self.build(Recipe::Whole(pointer.clone()))?;
        self.checks.insert(pointer, check.clone());
        Some(check)
    }

    /// The check by a recipe; `None` if it is broken, which is then told.
    fn build(&mut self, recipe: Recipe) -> Option<Check> {
        match &self.proof {
            Proof::Failed => None,
            Proof::Given => {
                let root = Arc::clone(self.root);
                Some(Check::later(move || recipe.validator_alone(&root).ok()))
            }
            Proof::Wanted(registry) => match recipe.validator(self.root, registry) {
                Ok(validator) => Some(Check::new(validator)),
                Err(detail) => {
                    self.problem(recipe.pointer().to_owned(), &detail);
                    None
                }
            },
        }
    }

    /// Whether a value is a schema at all; what is wrong with it is told.
    fn is_schema(&mut self, schema: &Value, pointer: &str) -> bool {
        let meta = jsonschema::draft202012::meta::validator();
        if meta.is_valid(schema) {
            return true;
        }
        let mut found = Vec::new();
        for error in meta.iter_errors(schema) {
            check::collect(&error, &mut found);
        }
        for violation in found {
            let place = format!("{pointer}{}", violation.pointer);
            self.problem(place, &format!("is no schema: {}", violation.detail));
        }
        false
    }

    /// What stands at a pointer, references followed; a broken one is told already.
    fn resolved(&self, pointer: &str) -> Option<(String, &'d Value)> {
        reference::resolved(self.root, pointer)
    }

    fn problem(&mut self, pointer: String, detail: &str) {
        self.problems.push(Problem {
            pointer,
            detail: detail.to_owned(),
        });
    }
}

fn is_status(key: &str) -> bool {
    match key.as_bytes() {
        b"default" | [b'1'..=b'5', b'X', b'X'] => true,
        [b'1'..=b'5', rest @ ..] => rest.len() == 2 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// The pointer to the schema of the JSON among the media types of a body.
fn json_schema(pointer: &str, body: &Value) -> Option<String> {
    let content = body.get("content")?.as_object()?;
    let is_json = |media: &&String| {
        let essence = media.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/json") || essence.ends_with("+json")
    };
    // Plain JSON goes before the others that are JSON too.
    let media = content
        .keys()
        .filter(is_json)
        .min_by_key(|media| !media.starts_with("application/json"))?;
    content.get(media)?.get("schema")?;
    Some(below(&below(&below(pointer, "content"), media), "schema"))
}
