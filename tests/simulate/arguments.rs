//! What is asked on the command line.

use std::thread::available_parallelism;

/// How the program is called.
pub(crate) const USAGE: &str = "\
simulate [--seeds N] [--seed-from S] [--jobs J]   run N seeds from S on (1000 from 1), J at a time
simulate --trace S                                run one seed and print everything that happens
simulate --planted [--jobs J]                     plant every known mistake and find it (feature `planted`)";

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arguments {
    /// Many seeds.
    Run {
        from: u64,
        seeds: u64,
        jobs: usize,
    },
    /// One seed, line by line.
    Trace(u64),
    /// Every known mistake.
    Planted {
        jobs: usize,
    },
    Help,
}

impl Arguments {
    /// Reads the arguments.
    ///
    /// # Errors
    /// A sentence about the first that is not understood.
    pub(crate) fn read(given: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut given = given.peekable();
        let (mut from, mut seeds, mut trace, mut planted) = (1, 1_000, None, false);
        let mut jobs = available_parallelism().map_or(1, usize::from);
        while let Some(name) = given.next() {
            let mut number = || {
                let value = given
                    .next()
                    .ok_or_else(|| format!("`{name}` takes a number"))?;
                value
                    .parse::<u64>()
                    .map_err(|_| format!("`{name}` takes a number, not `{value}`"))
            };
            match name.as_str() {
                "--seeds" => seeds = number()?,
                "--seed-from" => from = number()?,
                "--jobs" => jobs = usize::try_from(number()?.max(1)).unwrap_or(1),
                "--trace" => trace = Some(number()?),
                "--planted" => planted = true,
                "--help" => return Ok(Self::Help),
                other => return Err(format!("`{other}` is not known")),
            }
        }
        Ok(match trace {
            Some(seed) => Self::Trace(seed),
            None if planted => Self::Planted { jobs },
            None => Self::Run { from, seeds, jobs },
        })
    }
}
