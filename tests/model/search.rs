//! Breadth-first search through all that a system may do: the first wrong state found is one of the nearest.

use std::{
    collections::{HashSet, VecDeque},
    fmt,
    hash::{BuildHasherDefault, DefaultHasher, Hash},
    rc::Rc,
};

/// A system that moves from state to state in steps of its own choosing.
pub(crate) trait System {
    type State: Eq + Hash;
    type Step: Copy + fmt::Display;

    /// Where it may begin.
    fn starts(&self) -> Vec<Self::State>;

    /// All that may happen next.
    fn steps(&self, state: &Self::State) -> Vec<(Self::Step, Self::State)>;

    /// Looks at a state, and says what is wrong with it.
    fn fault(&mut self, state: &Self::State) -> Option<String>;
}

/// What a search saw.
#[derive(Debug)]
pub(crate) struct Explored {
    /// Different states.
    pub(crate) states: usize,
    /// The shortest way to a wrong state.
    pub(crate) wrong: Option<Wrong>,
}

/// A way to a wrong state.
#[derive(Debug)]
pub(crate) struct Wrong {
    /// What happened, in order, in words.
    pub(crate) steps: Vec<String>,
    /// What is wrong at the end.
    pub(crate) fault: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.steps.iter().enumerate() {
            writeln!(f, "{:3}. {step}", number + 1)?;
        }
        write!(f, "  => {}", self.fault)
    }
}

/// Visits every state that can be reached, or stops at the first that is wrong.
pub(crate) fn explore<S: System>(system: &mut S) -> Explored {
    let mut seen = HashSet::<Rc<S::State>, BuildHasherDefault<DefaultHasher>>::default();
    let mut came: Vec<Option<(usize, S::Step)>> = Vec::new();
    let mut open = VecDeque::new();
    for start in system.starts() {
        let start = Rc::new(start);
        if seen.insert(Rc::clone(&start)) {
            came.push(None);
            open.push_back((came.len() - 1, start));
        }
    }
    while let Some((at, state)) = open.pop_front() {
        if let Some(fault) = system.fault(&state) {
            let wrong = Some(Wrong {
                steps: retrace(&came, at),
                fault,
            });
            return Explored {
                states: seen.len(),
                wrong,
            };
        }
        for (step, next) in system.steps(&state) {
            let next = Rc::new(next);
            if seen.insert(Rc::clone(&next)) {
                came.push(Some((at, step)));
                open.push_back((came.len() - 1, next));
            }
        }
    }
    Explored {
        states: seen.len(),
        wrong: None,
    }
}

fn retrace<T: Copy + fmt::Display>(came: &[Option<(usize, T)>], mut at: usize) -> Vec<String> {
    let mut steps = Vec::new();
    while let Some((from, step)) = came[at] {
        steps.push(step.to_string());
        at = from;
    }
    steps.reverse();
    steps
}
