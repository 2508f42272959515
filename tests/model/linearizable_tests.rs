//! The checker against histories whose verdict is known, and against a search through all orders.

use crate::linearizable::{Call, End, Specification, Verdict, check};
use std::collections::BTreeSet;

/// More pairs than any history here may need.
const LIMIT: usize = 200_000;

/// A set of small numbers. A flip answers whether the number is in the set now; a draw takes out any number.
struct Numbers;

#[derive(Clone, Copy, Debug)]
enum Operation {
    Add(u8),
    Remove(u8),
    Flip(u8),
    Draw,
    Read,
}
use Operation::{Add, Draw, Flip, Read, Remove};

#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Done,
    Is(bool),
    Drew(Option<u8>),
    Set(BTreeSet<u8>),
}

impl Specification for Numbers {
    type State = BTreeSet<u8>;
    type Operation = Operation;
    type Answer = Answer;

    fn apply(&self, set: &BTreeSet<u8>, operation: &Operation) -> Vec<(Answer, BTreeSet<u8>)> {
        let mut next = set.clone();
        let answer = match *operation {
            Add(number) => {
                next.insert(number);
                Answer::Done
            }
            Remove(number) => {
                next.remove(&number);
                Answer::Done
            }
            Flip(number) => {
                let on = !next.remove(&number) && next.insert(number);
                Answer::Is(on)
            }
            Draw if set.is_empty() => Answer::Drew(None),
            Draw => {
                let without = |drawn: u8| set.iter().copied().filter(|&n| n != drawn).collect();
                return set
                    .iter()
                    .map(|&drawn| (Answer::Drew(Some(drawn)), without(drawn)))
                    .collect();
            }
            Read => Answer::Set(set.clone()),
        };
        vec![(answer, next)]
    }

    fn only_reads(&self, operation: &Operation) -> bool {
        matches!(operation, Read)
    }
}

type History = Vec<Call<Operation, Answer>>;

fn answered(operation: Operation, begun: u64, at: u64, answer: Answer) -> Call<Operation, Answer> {
    Call {
        operation,
        begun,
        end: End::Answered { at, answer },
    }
}

fn done(operation: Operation, begun: u64, at: u64) -> Call<Operation, Answer> {
    answered(operation, begun, at, Answer::Done)
}

fn unknown(operation: Operation, begun: u64, over: Option<u64>) -> Call<Operation, Answer> {
    Call {
        operation,
        begun,
        end: End::Unknown { over },
    }
}

fn sees(begun: u64, at: u64, numbers: &[u8]) -> Call<Operation, Answer> {
    answered(
        Read,
        begun,
        at,
        Answer::Set(numbers.iter().copied().collect()),
    )
}

fn linearizable(history: &[Call<Operation, Answer>]) -> bool {
    match check(&Numbers, BTreeSet::new(), history, LIMIT) {
        Verdict::Linearizable { order } => {
            assert!(
                explains(history, &order),
                "{order:?} does not explain {history:?}"
            );
            true
        }
        Verdict::Broken { .. } => false,
        Verdict::Undecided => panic!("more than {LIMIT} pairs"),
    }
}

#[test]
fn a_read_after_an_acknowledged_add_sees_it() {
    assert!(linearizable(&[done(Add(1), 1, 2), sees(3, 4, &[1])]));
    assert!(!linearizable(&[done(Add(1), 1, 2), sees(3, 4, &[])]));
}

#[test]
fn a_read_beside_an_add_may_see_it_or_not() {
    assert!(linearizable(&[done(Add(1), 1, 4), sees(2, 3, &[1])]));
    assert!(linearizable(&[done(Add(1), 1, 4), sees(2, 3, &[])]));
}

#[test]
fn what_was_seen_once_does_not_vanish_again() {
    let history = [done(Add(1), 1, 9), sees(2, 3, &[1]), sees(4, 5, &[])];
    assert!(!linearizable(&history));
}

#[test]
fn equal_times_say_nothing_about_the_order() {
    assert!(linearizable(&[
        done(Add(1), 1, 2),
        done(Remove(1), 2, 3),
        sees(4, 5, &[1])
    ]));
    assert!(!linearizable(&[
        done(Add(1), 1, 2),
        done(Remove(1), 3, 4),
        sees(5, 6, &[1])
    ]));
}

#[test]
fn an_unknown_call_may_have_happened_or_not_and_only_once() {
    let add = unknown(Add(1), 1, None);
    assert!(linearizable(&[add.clone(), sees(2, 3, &[])]));
    assert!(linearizable(&[add.clone(), sees(2, 3, &[1])]));
    assert!(linearizable(&[
        add.clone(),
        sees(2, 3, &[]),
        sees(4, 5, &[1])
    ]));
    let twice = [
        add,
        sees(2, 3, &[1]),
        done(Remove(1), 4, 5),
        sees(6, 7, &[1]),
    ];
    assert!(!linearizable(&twice));
}

#[test]
fn an_unknown_call_does_not_happen_before_it_begins() {
    assert!(!linearizable(&[sees(1, 2, &[1]), unknown(Add(1), 3, None)]));
}

#[test]
fn an_unknown_call_that_is_over_does_not_happen_later() {
    let late = |over| {
        [
            unknown(Add(1), 1, over),
            done(Remove(1), 5, 6),
            sees(7, 8, &[1]),
        ]
    };
    assert!(linearizable(&late(None)));
    assert!(linearizable(&late(Some(5))));
    assert!(!linearizable(&late(Some(4))));
}

#[test]
fn any_of_several_allowed_answers_will_do() {
    let drawn = |number, left: &[u8]| {
        linearizable(&[
            done(Add(1), 1, 2),
            done(Add(2), 3, 4),
            answered(Draw, 5, 6, Answer::Drew(number)),
            sees(7, 8, left),
        ])
    };
    assert!(drawn(Some(1), &[2]));
    assert!(drawn(Some(2), &[1]));
    assert!(!drawn(Some(2), &[2]));
    assert!(!drawn(None, &[1, 2]));
}

#[test]
fn what_cannot_be_explained_is_named() {
    let history = [done(Add(1), 1, 2), sees(3, 4, &[]), done(Add(2), 5, 6)];
    let verdict = check(&Numbers, BTreeSet::new(), &history, LIMIT);
    assert_eq!(verdict, Verdict::Broken { longest: vec![0] });
}

#[test]
fn a_search_past_its_limit_is_undecided() {
    let history: History = (0..20)
        .map(|n| done(Add(n), 1, 2))
        .chain([sees(3, 4, &[])])
        .collect();
    let verdict = check(&Numbers, BTreeSet::new(), &history, 1_000);
    assert_eq!(verdict, Verdict::Undecided);
}

#[test]
fn small_histories_are_judged_as_by_trying_all_orders() {
    let mut random = fastrand::Rng::with_seed(1);
    let mut linear = 0;
    let rounds = 4_000;
    for _ in 0..rounds {
        let history: History = (0..random.usize(1..6))
            .map(|_| any_call(&mut random))
            .collect();
        let expected = some_order_explains(&history);
        assert_eq!(linearizable(&history), expected, "{history:?}");
        linear += usize::from(expected);
    }
    assert!(
        linear > rounds / 10 && linear < rounds * 9 / 10,
        "{linear} of {rounds}"
    );
}

/// 128 changes by eight callers at once, of whom one in ten never hears, and a read when all is over.
#[test]
fn a_long_history_of_eight_callers_is_settled_within_little_work() {
    for seed in 0..4 {
        let mut history = played(seed, 8, 128);
        assert_eq!(history.len(), 129);
        assert!(linearizable(&history), "seed {seed}");
        let last = history.last_mut().expect("the read");
        if let End::Answered {
            answer: Answer::Set(set),
            ..
        } = &mut last.end
        {
            assert!(set.remove(&200), "the acknowledged tag is there");
        }
        assert!(!linearizable(&history), "seed {seed}");
    }
}

/// A history of callers who have one call under way each, at a set that does right by them.
fn played(seed: u64, callers: usize, calls: u64) -> History {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut set = BTreeSet::new();
    let mut history = vec![done(Add(200), 0, 1)];
    set.insert(200);
    let mut under_way: Vec<(Operation, u64, Option<Answer>)> = Vec::new();
    let (mut now, mut begun) = (2, 1);
    while begun < calls || !under_way.is_empty() {
        now += 1;
        if begun < calls && under_way.len() < callers {
            under_way.push((any_operation(&mut random, 40), now, None));
            begun += 1;
            continue;
        }
        let at = random.usize(0..under_way.len());
        let (operation, since, answer) = &mut under_way[at];
        if answer.is_none() {
            let (gives, next) = Numbers.apply(&set, operation).swap_remove(0);
            (*answer, set) = (Some(gives), next);
            continue;
        }
        let (operation, since) = (*operation, *since);
        let answer = under_way.swap_remove(at).2.expect("it took effect");
        history.push(if random.u8(0..10) == 0 {
            unknown(operation, since, Some(now + 20))
        } else {
            answered(operation, since, now, answer)
        });
    }
    set.insert(200);
    history.push(answered(Read, now + 100, now + 101, Answer::Set(set)));
    history
}

fn any_operation(random: &mut fastrand::Rng, numbers: u8) -> Operation {
    let number = random.u8(0..numbers);
    match random.u8(0..5) {
        0 | 1 => Add(number),
        2 => Remove(number),
        3 => Flip(number),
        _ => Read,
    }
}

fn any_call(random: &mut fastrand::Rng) -> Call<Operation, Answer> {
    let operation = if random.u8(0..6) == 0 {
        Draw
    } else {
        any_operation(random, 2)
    };
    let begun = random.u64(0..8);
    let at = begun + random.u64(0..5);
    let end = match random.u8(0..4) {
        0 if random.bool() => End::Unknown { over: Some(at) },
        0 => End::Unknown { over: None },
        _ => {
            let some = (0..2).filter(|_| random.bool()).collect();
            let answer = match operation {
                Add(_) | Remove(_) => Answer::Done,
                Flip(_) => Answer::Is(random.bool()),
                Draw => Answer::Drew([None, Some(0), Some(1)][random.usize(0..3)]),
                Read => Answer::Set(some),
            };
            End::Answered { at, answer }
        }
    };
    Call {
        operation,
        begun,
        end,
    }
}

/// Tries every order of every choice of the unknown calls.
fn some_order_explains(history: &[Call<Operation, Answer>]) -> bool {
    fn try_from(history: &[Call<Operation, Answer>], order: &mut Vec<usize>) -> bool {
        if explains(history, order) {
            return true;
        }
        (0..history.len()).any(|call| {
            if order.contains(&call) {
                return false;
            }
            order.push(call);
            let found = try_from(history, order);
            order.pop();
            found
        })
    }
    try_from(history, &mut Vec::new())
}

/// Whether the order has all answered calls, keeps to the times, and gives the answers: by the definition.
fn explains(history: &[Call<Operation, Answer>], order: &[usize]) -> bool {
    let missing = |call: usize| !order.contains(&call);
    let answered = |call: &usize| matches!(history[*call].end, End::Answered { .. });
    if (0..history.len()).filter(answered).any(missing) {
        return false;
    }
    let in_time = order.iter().enumerate().all(|(place, &later)| {
        order[place..]
            .iter()
            .all(|&other| match history[other].end {
                End::Answered { at, .. } | End::Unknown { over: Some(at) } => {
                    at >= history[later].begun
                }
                End::Unknown { over: None } => true,
            })
    });
    let mut states = vec![BTreeSet::new()];
    for &call in order {
        let next = states
            .iter()
            .flat_map(|set| Numbers.apply(set, &history[call].operation));
        states = next
            .filter(|(gives, _)| match &history[call].end {
                End::Answered { answer, .. } => gives == answer,
                End::Unknown { .. } => true,
            })
            .map(|(_, set)| set)
            .collect();
    }
    in_time && !states.is_empty()
}
