//! Locks, where what they hold is sound whatever became of those who held them.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is locked. Nothing in this crate leaves it half changed where it can panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
