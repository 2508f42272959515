//! The laws of plans, as properties: what a plan does to a model of the vendor, held against what should be.
//!
//! The models and the oracle share no code with the adapters but the types of the interface, so that a mistake
//! made twice cannot cancel out.

mod fewest;
mod gateway;
mod items;
mod oracle;
mod plans;
mod raw;
mod round_trip;
mod sequences;
mod twin;
mod worlds;
