//! For timing alone (feature `timing-internals`): the places where secrets are compared or decoded.
//!
//! What belongs here: for each such place two classes of inputs that must take the same time, and
//! the comparison of the two. What must not: anything that a program would call; none of it is part
//! of the interface.
#![expect(clippy::expect_used, reason = "a broken fixture must stop the measurement")]

mod welch;

pub use welch::{Random, Target, Verdict, measure};

use crate::crypto::hash::hmac_sha256;
use crate::crypto::seal;
use crate::crypto::secret::{HeadMac, Key, SpaceRoot};
use crate::error::Part;
use crate::keyring::{KdfParams, RecoveryCode, SpaceRow, Unlock, make_slot, open_slots};
use crate::vault::{Codec, Content, verify_mac};
use core::hint::black_box;
use std::rc::Rc;

/// More than this is a difference: the bar of dudect's authors and of ISO/IEC 17825.
pub const BAR: f64 = 4.5;

/// Slots of the space that is tried.
const SLOTS: usize = 4;
const SPACES: usize = 64;
const CODE: usize = 20;
const ID: usize = 16;

/// A space with some slots, the second of which opens with `secret`. As the ways in of a recovery
/// code they need no costly derivation; the rest is the same for all kinds.
struct Slots {
    row: SpaceRow,
    secret: [u8; CODE],
    /// Id and body of each.
    rows: Vec<Vec<u8>>,
}

impl Slots {
    fn make() -> Self {
        let row = SpaceRow::make(KdfParams::FLOOR).expect("a row");
        let root: Key<SpaceRoot> = Key::make().expect("a key");
        let codes: Vec<RecoveryCode> = (0..SLOTS).map(|_| RecoveryCode::make().expect("a code")).collect();
        let slot = |code: &RecoveryCode| {
            let unlock = Unlock::of_code(code);
            let (id, slot) = make_slot(&row, &row.stretch(&unlock).expect("a secret"), &root).expect("a slot");
            [&id[..], &slot.encode()].concat()
        };
        let rows = codes.iter().map(slot).collect();
        let secret = codes.get(1).and_then(|c| c.secret().expose().try_into().ok()).expect("a secret");
        Self { row, secret, rows }
    }

    /// Where the sealed root stands in the second row: what follows is `6 null, 7 false`.
    fn sealed(&self) -> core::ops::Range<usize> {
        let end = self.rows.get(1).map_or(0, Vec::len) - 4;
        end - seal::sealed_len(32)..end
    }
}

/// Many spaces, for one secret is as good as another: both classes draw theirs from the same ones.
type Spaces = Rc<[Slots; SPACES]>;

/// Whether the secret in an input opens one of the slots behind it, in the space that it begins with.
fn open(spaces: &Spaces, input: &[u8]) -> bool {
    let Some((space, rest)) = input.split_first().and_then(|(at, rest)| Some((spaces.get(usize::from(*at))?, rest)))
    else {
        return false;
    };
    let Some((secret, rows)) = rest.split_at_checked(CODE) else { return false };
    let unlock = Unlock::of_secret_for_timing(secret);
    let Ok(by) = space.row.stretch(&unlock) else { return false };
    let slots = rows.chunks_exact(rows.len() / SLOTS).filter_map(|r| r.split_first_chunk::<ID>());
    open_slots(&space.row, &by, slots).is_ok()
}

/// Trying all slots of a space: `write` puts a secret and the slots behind the number of the space.
fn slots(
    name: &'static str,
    accepts: bool,
    spaces: &Spaces,
    write: impl Fn(bool, &mut Random, &Slots, &Slots, &mut Vec<u8>) + 'static,
) -> Target {
    let (make, run) = (Rc::clone(spaces), Rc::clone(spaces));
    Target {
        name,
        control: false,
        accepts,
        input: Box::new(move |class, r, out| {
            let at = r.next() as usize % SPACES;
            let other = (at + 1 + r.next() as usize % (SPACES - 1)) % SPACES;
            out.push(at as u8);
            if let (Some(space), Some(other)) = (make.get(at), make.get(other)) {
                write(class, r, space, other, out);
            }
        }),
        run: Box::new(move |input| open(&run, input)),
    }
}

/// A wrong secret, or the right one and a bit of its slot flipped, wherever it is.
fn wrong_or_damaged(spaces: &Spaces) -> Target {
    slots("slots: a wrong secret, or a damaged slot", false, spaces, |class, r, space, other, out| {
        let sealed = space.sealed();
        let bit = r.next() as usize % (sealed.len() * 8);
        out.extend_from_slice(if class { &space.secret } else { &other.secret });
        let at = out.len() + space.rows.first().map_or(0, Vec::len) + sealed.start + bit / 8;
        space.rows.iter().for_each(|row| out.extend_from_slice(row));
        if let Some(byte) = out.get_mut(at).filter(|_| class) {
            *byte ^= 1 << (bit % 8);
        }
    })
}

/// The slot that opens is the first, or the last.
fn first_or_last(spaces: &Spaces) -> Target {
    slots("slots: the first opens, or the last", true, spaces, |class, _, space, _, out| {
        out.extend_from_slice(&space.secret);
        let others = || space.rows.iter().enumerate().filter(|(i, _)| *i != 1).map(|(_, row)| row);
        let right = space.rows.get(1).into_iter();
        let order: Vec<_> = if class { right.chain(others()).collect() } else { others().chain(right).collect() };
        order.into_iter().for_each(|row| out.extend_from_slice(row));
    })
}

/// A wrong secret in both classes: a measurement that finds a difference here invents it.
fn nothing(spaces: &Spaces) -> Target {
    slots("slots: a wrong secret, or another wrong one", false, spaces, |_, _, space, other, out| {
        out.extend_from_slice(&other.secret);
        space.rows.iter().for_each(|row| out.extend_from_slice(row));
    })
}

/// A row whose commitment or whose tag is damaged.
fn sealed_row() -> Target {
    let key = [7; 32];
    let whole = seal::seal(&key, &[9; 72], &[5; 200]).expect("a sealed row");
    Target {
        name: "a sealed row: its commitment is wrong, or its tag",
        control: false,
        accepts: false,
        input: Box::new(move |class, r, out| {
            out.extend_from_slice(&whole);
            let bit = r.next() as usize % 128;
            let begin = if class { seal::SALT_LEN } else { whole.len() - 16 };
            if let Some(byte) = out.get_mut(begin + bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
        }),
        run: {
            let mut copy = Vec::new();
            Box::new(move |input| {
                copy.clear();
                copy.extend_from_slice(input);
                seal::open_in_place(&key, &[9; 72], &mut copy).is_ok()
            })
        },
    }
}

/// A head whose MAC is wrong in its first or in its last byte.
fn head(name: &'static str, control: bool, verify: fn(&[u8], &[u8; 32], &Key<HeadMac>) -> bool) -> Target {
    let key: Key<HeadMac> = Key::init_with(|k| {
        k.fill(3);
        Ok::<(), crate::Error>(())
    })
    .expect("a key");
    let body = [0xa5; 400];
    let tag = hmac_sha256(key.expose(), &[crate::crypto::context::HEAD_MAC, &[0], &body]);
    Target {
        name,
        control,
        accepts: false,
        input: Box::new(move |class, r, out| {
            out.extend_from_slice(&tag);
            let bit = r.next() % 8;
            if let Some(byte) = out.get_mut(if class { 0 } else { 31 }) {
                *byte ^= 1 << bit;
            }
        }),
        run: Box::new(move |input| input.try_into().is_ok_and(|tag| verify(&body, tag, &key))),
    }
}

/// What must not be done: stops at the first byte that differs.
fn byte_by_byte(body: &[u8], tag: &[u8; 32], key: &Key<HeadMac>) -> bool {
    let right = hmac_sha256(key.expose(), &[crate::crypto::context::HEAD_MAC, &[0], body]);
    right.iter().zip(tag).all(|(a, b)| black_box(a) == black_box(b))
}

fn code(bytes: [u8; CODE], out: &mut Vec<u8>) {
    out.extend_from_slice(RecoveryCode::of_bytes_for_timing(bytes).reveal().as_bytes());
}

fn text(input: &[u8]) -> &str {
    core::str::from_utf8(input).unwrap_or_default()
}

/// A recovery code as typed: always the same, or any.
fn code_read() -> Target {
    Target {
        name: "recovery code: reading one, or others",
        control: false,
        accepts: true,
        input: Box::new(|class, r, out| {
            let any = r.bytes();
            code(if class { any } else { [0x5a; CODE] }, out);
        }),
        run: Box::new(|input| RecoveryCode::parse(text(input)).is_some()),
    }
}

/// A recovery code that is not the one shown: it differs in its first bits, or in its last.
fn code_compared() -> Target {
    let shown = RecoveryCode::of_bytes_for_timing([0x5a; CODE]);
    Target {
        name: "recovery code: wrong at its beginning, or its end",
        control: false,
        accepts: false,
        input: Box::new(|class, r, out| {
            let mut bytes = [0x5a; CODE];
            let bit = r.next() % 8;
            if let Some(byte) = bytes.get_mut(if class { 0 } else { CODE - 1 }) {
                *byte ^= 1 << bit;
            }
            code(bytes, out);
        }),
        run: Box::new(move |input| shown.matches(text(input))),
    }
}

/// Showing a recovery code: always the same, or any.
fn code_shown() -> Target {
    Target {
        name: "recovery code: showing one, or others",
        control: false,
        accepts: true,
        input: Box::new(|class, r, out| {
            let any = r.bytes::<CODE>();
            out.extend_from_slice(if class { &any } else { &[0x5a; CODE] });
        }),
        run: Box::new(|input| {
            let Ok(bytes) = input.try_into() else { return false };
            RecoveryCode::of_bytes_for_timing(bytes).reveal().len() == 42
        }),
    }
}

/// What a payload says, at one length: always the same, or anything. Padding is not looked at: the
/// length of the content stands sealed before it.
fn unpadded() -> Target {
    let codec = Codec::new().expect("a codec");
    let (pack, mut raw) = (Codec::new().expect("a codec"), Vec::new());
    Target {
        name: "unpadding: one content, or others",
        control: false,
        accepts: true,
        input: Box::new(move |class, r, out| {
            let any = r.bytes::<100>();
            pack.pack(Content::Dense, if class { &any } else { &[0x5a; 100] }, out).expect("a payload");
        }),
        run: Box::new(move |input| codec.unpack(input, Part::Body, &mut raw).is_ok()),
    }
}

/// Everything that is timed; the control is the last.
#[must_use]
pub fn targets() -> Vec<Target> {
    let spaces: Spaces = Rc::new(core::array::from_fn(|_| Slots::make()));
    vec![
        nothing(&spaces),
        wrong_or_damaged(&spaces),
        first_or_last(&spaces),
        sealed_row(),
        head("a head: its MAC is wrong at its beginning, or its end", false, |body, tag, key| {
            verify_mac(body, tag, key).is_some()
        }),
        code_read(),
        code_compared(),
        code_shown(),
        unpadded(),
        head("control: the same MAC, byte by byte", true, byte_by_byte),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Far above what chance and load give, and far below what an early exit does.
    const PLAIN: f64 = 50.0;

    /// Few calls, so that only what is plain is found: an exit before an HKDF or a cipher, or byte by
    /// byte. `make timing` looks closely.
    #[test]
    fn no_comparison_of_secrets_ends_early() {
        let mut random = Random::new(1);
        for mut target in targets() {
            // A byte costs little: its many calls tell.
            let calls = if target.control { 30_000 } else { 3_000 };
            let v = measure(&mut target, calls, &mut random);
            assert_eq!(v.wrong, 0, "{}", target.name);
            assert_eq!(v.t.abs() > PLAIN, target.control, "{}: t {:.1}", target.name, v.t);
        }
    }
}
