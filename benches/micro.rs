//! The steps of a request in time: `cargo bench --bench micro`.

mod operations;

use divan::Bencher;
use operations::{LONG, Operation, SHORT};

fn main() {
    divan::main();
}

/// A step by its name.
struct Named(&'static Operation);

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.0)
    }
}

#[divan::bench(args = SHORT.iter().map(Named))]
fn short(bencher: Bencher<'_, '_>, named: &Named) {
    measure(bencher, named);
}

#[divan::bench(args = LONG.iter().map(Named))]
fn long(bencher: Bencher<'_, '_>, named: &Named) {
    measure(bencher, named);
}

fn measure(bencher: Bencher<'_, '_>, named: &Named) {
    let (_, ready) = named.0;
    let mut step = ready();
    // What is made only once is made now.
    step();
    bencher.bench_local(step);
}
