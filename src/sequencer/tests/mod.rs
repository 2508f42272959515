//! The lanes on a paused clock, in front of twins behind a simulated network.

mod folding;
mod harness;
mod parts;
mod resending;
mod settling;
