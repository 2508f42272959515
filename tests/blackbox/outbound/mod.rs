//! The way out: where calls go, what travels with them, and what a vendor can do with its answers. The vendors here
//! are raw sockets; `{status line and head}` is theirs to the last byte.

mod answers;
mod destination;
mod hostile_ids;
mod leaving;
mod raw;
