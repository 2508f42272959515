//! Is a history linearizable? A search over (which calls have taken effect, what the state is then) that visits each
//! such pair once.
//!
//! It knows nothing of tags: a [`Specification`] says what a call may do, a history is a slice of [`Call`]s. Times are
//! any numbers that grow; two that are equal say nothing about which came first.

use std::{
    cmp::Reverse,
    collections::HashSet,
    hash::{BuildHasherDefault, DefaultHasher, Hash},
};

/// What the calls would do one after the other.
pub(crate) trait Specification {
    /// All that later calls depend on.
    type State: Clone + Eq + Hash;
    /// What is asked for.
    type Operation;
    /// What the caller learns.
    type Answer: PartialEq;

    /// Every answer that the operation may give in this state, each with the state that it leaves.
    fn apply(
        &self,
        state: &Self::State,
        operation: &Self::Operation,
    ) -> Vec<(Self::Answer, Self::State)>;

    /// Whether the operation leaves every state as it is. Saying so of reads spares much of the search.
    fn only_reads(&self, _operation: &Self::Operation) -> bool {
        false
    }
}

/// One call of a history.
#[derive(Clone, Debug)]
pub(crate) struct Call<O, A> {
    /// What was asked for.
    pub(crate) operation: O,
    /// When: it cannot take effect earlier.
    pub(crate) begun: u64,
    /// How it ended.
    pub(crate) end: End<A>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End<A> {
    /// It took effect once, at the latest at that time, and gave that answer.
    Answered { at: u64, answer: A },
    /// It took effect once or never; after `over`, if there is such a time, it no longer could.
    Unknown { over: Option<u64> },
}

/// What the search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// In this order the calls explain all answers; calls of unknown end that are missing in it never took effect.
    Linearizable { order: Vec<usize> },
    /// No order does. This one explains most answers; what follows it is where to look.
    Broken { longest: Vec<usize> },
    /// More pairs than the limit.
    Undecided,
}

/// Looks for an order of the calls that respects their times and explains their answers.
///
/// `limit` bounds the pairs visited, and with them time and memory.
pub(crate) fn check<S: Specification>(
    specification: &S,
    initial: S::State,
    calls: &[Call<S::Operation, S::Answer>],
    limit: usize,
) -> Verdict {
    let order = Order::of(calls);
    let mut path = vec![Came {
        from: 0,
        call: 0,
        length: 0,
    }];
    let mut deepest = 0;
    let start = Node {
        came: 0,
        done: vec![0; calls.len().div_ceil(64)],
        first: 0,
        newest: 0,
        state: initial,
    };
    let mut seen = HashSet::<_, BuildHasherDefault<DefaultHasher>>::default();
    seen.insert((start.done.clone(), start.state.clone()));
    let mut open = vec![start];
    while let Some(node) = open.pop() {
        if node.first == order.answered.len() {
            return Verdict::Linearizable {
                order: retrace(&path, node.came),
            };
        }
        for (call, state) in order.moves(specification, calls, &node) {
            let mut done = node.done.clone();
            done[call / 64] |= 1 << (call % 64);
            if !seen.insert((done.clone(), state.clone())) {
                continue;
            }
            if seen.len() > limit {
                return Verdict::Undecided;
            }
            path.push(Came {
                from: node.came,
                call,
                length: path[node.came].length + 1,
            });
            let came = path.len() - 1;
            if path[came].length > path[deepest].length {
                deepest = came;
            }
            let behind = order.answered[node.first..]
                .iter()
                .take_while(|&&call| is_done(&done, call));
            open.push(Node {
                came,
                first: node.first + behind.count(),
                newest: node.newest.max(calls[call].begun),
                done,
                state,
            });
        }
    }
    Verdict::Broken {
        longest: retrace(&path, deepest),
    }
}

/// A pair to go on from.
struct Node<S> {
    /// Where in the path.
    came: usize,
    /// A bit for each call that has taken effect.
    done: Vec<u64>,
    /// The first answered call that has not, by its place among the answered ones.
    first: usize,
    /// The latest beginning of a call that has.
    newest: u64,
    state: S,
}

/// How a pair was reached.
struct Came {
    from: usize,
    call: usize,
    length: usize,
}

/// The calls by their beginning.
struct Order {
    answered: Vec<usize>,
    unknown: Vec<usize>,
}

impl Order {
    fn of<O, A>(calls: &[Call<O, A>]) -> Self {
        let mut all: Vec<usize> = (0..calls.len()).collect();
        all.sort_by_key(|&call| calls[call].begun);
        let (answered, unknown) = all
            .into_iter()
            .partition(|&call| matches!(calls[call].end, End::Answered { .. }));
        Self { answered, unknown }
    }

    /// What may take effect next, and the state that it leaves. The one to try first comes last.
    fn moves<S: Specification>(
        &self,
        specification: &S,
        calls: &[Call<S::Operation, S::Answer>],
        node: &Node<S::State>,
    ) -> Vec<(usize, S::State)> {
        let mut moves = Vec::new();
        for call in self.next(calls, node) {
            let Call { operation, end, .. } = &calls[call];
            for (answer, state) in specification.apply(&node.state, operation) {
                let same = state == node.state;
                match end {
                    End::Answered { answer: heard, .. } if answer != *heard => continue,
                    // It explains its answer and is in nobody's way: if there is an order, there is one with it here.
                    End::Answered { .. }
                        if specification.only_reads(operation)
                            && self.closes_nothing(calls, node, call) =>
                    {
                        return vec![(call, state)];
                    }
                    // One that changes nothing may as well wait, or never happen.
                    End::Unknown { .. } if same => continue,
                    _ => moves.push((call, state)),
                }
            }
        }
        moves
    }

    /// Whether every unknown call that may take effect before this one may do so after it, too.
    fn closes_nothing<O, A, S>(&self, calls: &[Call<O, A>], node: &Node<S>, call: usize) -> bool {
        !self.unknown.iter().any(|&other| match calls[other].end {
            End::Unknown { over: Some(over) } => {
                node.newest <= over && over < calls[call].begun && !is_done(&node.done, other)
            }
            _ => false,
        })
    }

    /// The calls that may take effect next: no answered call that has not is over before they begin. The one to try
    /// first comes last.
    fn next<O, A, S>(&self, calls: &[Call<O, A>], node: &Node<S>) -> Vec<usize> {
        let mut earliest_end = u64::MAX;
        let mut next = Vec::new();
        for &call in &self.answered[node.first..] {
            if calls[call].begun > earliest_end {
                break;
            }
            if is_done(&node.done, call) {
                continue;
            }
            if let End::Answered { at, .. } = calls[call].end {
                earliest_end = earliest_end.min(at);
                next.push((at, call));
            }
        }
        for &call in &self.unknown {
            if calls[call].begun > earliest_end {
                break;
            }
            let End::Unknown { over } = calls[call].end else {
                continue;
            };
            if !is_done(&node.done, call) && over.is_none_or(|over| node.newest <= over) {
                next.push((u64::MAX, call));
            }
        }
        next.sort_by_key(|&entry| Reverse(entry));
        next.into_iter().map(|(_, call)| call).collect()
    }
}

fn is_done(done: &[u64], call: usize) -> bool {
    done[call / 64] >> (call % 64) & 1 == 1
}

fn retrace(path: &[Came], mut at: usize) -> Vec<usize> {
    let mut order = Vec::with_capacity(path[at].length);
    while at != 0 {
        order.push(path[at].call);
        at = path[at].from;
    }
    order.reverse();
    order
}
