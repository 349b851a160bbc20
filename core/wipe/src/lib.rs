//! Wipes memory that safe code cannot reach: the copies of keys that the crypto library leaves in
//! its own types and on the stack.
//!
//! What belongs here: two functions and the only `unsafe` below the bindings. What must not:
//! anything that knows what a key is for. The core crate forbids `unsafe`, so this is a crate of
//! its own.
//!
//! ring 0.17 does not wipe its keys when they are dropped. [`Wiped`] keeps such a value in one
//! place on the heap and overwrites it there; [`burn_stack`] overwrites what its making left below
//! the current frame. Neither reaches registers, swap or a core dump.

use core::mem::{ManuallyDrop, needs_drop, size_of};
use core::ops::Deref;
use core::sync::atomic::{Ordering, compiler_fence};

/// A value without a destructor of its own, overwritten with zeros when it is dropped.
///
/// ```
/// let w = healthspace_wipe::Wiped::new([7u8; 32]);
/// assert_eq!(w[0], 7);
/// ```
pub struct Wiped<T>(ManuallyDrop<Box<T>>);

impl<T> Wiped<T> {
    const PLAIN: () = assert!(!needs_drop::<T>(), "a type with a destructor cannot be overwritten first");

    /// Moves the value to its place. The caller's copy on the stack stays until
    /// [`burn_stack`] is called.
    #[must_use]
    pub fn new(value: T) -> Self {
        let () = Self::PLAIN;
        Self(ManuallyDrop::new(Box::new(value)))
    }
}

impl<T> Deref for Wiped<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Drop for Wiped<T> {
    fn drop(&mut self) {
        let place = core::ptr::from_mut::<T>(&mut **self.0).cast::<u8>();
        for i in 0..size_of::<T>() {
            // SAFETY: `place` points to `size_of::<T>()` bytes that this box owns alone. Any byte
            // may be written: T has no destructor (asserted) and is never read again.
            unsafe { place.add(i).write_volatile(0) };
        }
        compiler_fence(Ordering::SeqCst);
        // SAFETY: taken exactly once, here; Box<T> frees the memory, and T has no destructor that
        // could look at the zeros (asserted).
        drop(unsafe { ManuallyDrop::take(&mut self.0) });
    }
}

/// How much stack [`burn_stack`] overwrites.
pub const BURNT: usize = 64 * 1024;

/// Overwrites 64 KiB of stack below the caller's frame: what functions that have returned left
/// there.
#[inline(never)]
pub fn burn_stack() {
    let mut waste = [0u8; BURNT];
    let place = waste.as_mut_ptr();
    for i in (0..BURNT).step_by(8) {
        // SAFETY: `i + 8 <= BURNT`, the length of the local array that `place` points to; the
        // write may be unaligned.
        unsafe { place.add(i).cast::<u64>().write_unaligned(0) };
        // Keeps the loop from being seen as dead.
        core::hint::black_box(place);
    }
    compiler_fence(Ordering::SeqCst);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_zeroed_before_it_is_freed() {
        // The allocator may reuse the block at once, so look through a type that shows its bytes:
        // a static cell that the value points to cannot be used (no destructor allowed). Instead
        // check the bytes while still owned, after running the drop glue's loop by hand.
        let mut w = Wiped::new([0xa5u8; 4096]);
        let p = core::ptr::from_mut::<[u8; 4096]>(&mut **w.0).cast::<u8>();
        for i in 0..4096 {
            // SAFETY: as in `drop`.
            unsafe { p.add(i).write_volatile(0) };
        }
        assert!(w.iter().all(|b| *b == 0));
    }

    #[test]
    fn burning_does_not_touch_live_data() {
        let live = [0x5au8; 1024];
        burn_stack();
        assert!(live.iter().all(|b| *b == 0x5a));
    }
}
