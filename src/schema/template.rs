use std::cmp::Ordering;

/// A path template, cut into segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template(Vec<Segment>);

/// One segment of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Parameter(String),
}

impl Template {
    /// Cuts a template; `None` unless it starts with a slash and every brace encloses a whole segment.
    pub(super) fn parse(text: &str) -> Option<Self> {
        text.strip_prefix('/')?
            .split('/')
            .map(|segment| {
                let name = segment
                    .strip_prefix('{')
                    .and_then(|rest| rest.strip_suffix('}'));
                let braces = |text: &str| text.contains(['{', '}']);
                match name {
                    Some(name) if !name.is_empty() && !braces(name) => {
                        Some(Segment::Parameter(name.to_owned()))
                    }
                    None if !braces(segment) => Some(Segment::Literal(segment.to_owned())),
                    _ => None,
                }
            })
            .collect::<Option<_>>()
            .map(Self)
    }

    /// Names of the parameters, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|segment| match segment {
            Segment::Parameter(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
    }

    /// The parameters' raw segments if the path has this form.
    pub(super) fn matches<'a>(&'a self, path: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
        let mut values = Vec::new();
        let mut segments = path.strip_prefix('/')?.split('/');
        for wanted in &self.0 {
            let segment = segments.next()?;
            match wanted {
                Segment::Literal(literal) if literal == segment => {}
                Segment::Parameter(name) if !segment.is_empty() => {
                    values.push((name.as_str(), segment));
                }
                _ => return None,
            }
        }
        segments.next().is_none().then_some(values)
    }

    /// Whether two templates match the same paths, whatever their parameters are called.
    pub(super) fn same_form(&self, other: &Self) -> bool {
        self.0.len() == other.0.len()
            && self.0.iter().zip(&other.0).all(|pair| match pair {
                (Segment::Literal(one), Segment::Literal(two)) => one == two,
                (Segment::Parameter(_), Segment::Parameter(_)) => true,
                _ => false,
            })
    }

    /// The order in which templates are tried.
    pub(super) fn precedence(&self, other: &Self) -> Ordering {
        let kinds = |template: &Self| {
            template
                .0
                .iter()
                .map(|segment| matches!(segment, Segment::Parameter(_)))
                .collect::<Vec<_>>()
        };
        kinds(self).cmp(&kinds(other))
    }
}
