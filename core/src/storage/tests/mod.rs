//! Tests of the engines: the contract of both, then what only a file can get wrong.

mod contract;
mod file;
mod measure;
mod process;

use super::{LogId, ReadTxn, Row, Storage, WriteTxn};
use crate::id::ScopeId;

const A: ScopeId = ScopeId::from_bytes([0xa; 16]);
const B: ScopeId = ScopeId::from_bytes([0xb; 16]);
const LOG_A: LogId = LogId { scope: A, ordinal: 1 };
const LOG_B: LogId = LogId { scope: B, ordinal: 2 };

/// Distinct bytes for a row number, of a length that varies with it.
fn body(number: u64) -> Vec<u8> {
    let mut x = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..200 + number % 400)
        .map(|_| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            x.to_be_bytes()[0]
        })
        .collect()
}

fn write(storage: &dyn Storage, f: impl FnOnce(&mut dyn WriteTxn)) {
    let mut txn = storage.begin_write().unwrap();
    f(txn.as_mut());
    txn.commit().unwrap();
}

fn rows(txn: &dyn ReadTxn, scope: &ScopeId, class: u8) -> Vec<Row> {
    let mut out = Vec::new();
    txn.scan(scope, class, &mut |row| {
        out.push(row);
        Ok(())
    })
    .unwrap();
    out
}
