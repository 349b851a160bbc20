//! Metadata lists: their keys as shapes, their values in one column per key.

use super::{BAD, Input, Output, ints, strings};
use crate::codec::varint;
use crate::error::Result;
use crate::record::{Meta, Sample};
use std::collections::HashMap;
use std::sync::Arc;

/// Pairs in one chunk: what a few hostile bytes can make a reader allocate.
pub(super) const MOST: usize = 1 << 21;

/// Writes the lists; returns each sample's shape.
pub(super) fn put(out: &mut Output, samples: &[Sample]) -> Vec<i64> {
    let mut key_ids: HashMap<&str, usize> = HashMap::new();
    let mut keys: Vec<&str> = Vec::new();
    let mut values: Vec<Vec<&str>> = Vec::new();
    let mut shape_ids: HashMap<Vec<usize>, i64> = HashMap::new();
    let mut shapes: Vec<Vec<usize>> = Vec::new();
    let mut column = Vec::with_capacity(samples.len());
    let mut shape = Vec::new();
    for s in samples {
        shape.clear();
        for m in s.meta.iter() {
            let id = *key_ids.entry(&m.key).or_insert_with(|| {
                keys.push(&m.key);
                values.push(Vec::new());
                keys.len() - 1
            });
            shape.push(id);
            values.get_mut(id).into_iter().for_each(|v| v.push(&m.value));
        }
        let id = shape_ids.get(&shape).copied().unwrap_or_else(|| {
            shapes.push(shape.clone());
            shape_ids.insert(shape.clone(), shapes.len() as i64 - 1);
            shapes.len() as i64 - 1
        });
        column.push(id);
    }
    varint::put(&mut out.plain, keys.len() as u64);
    keys.iter().for_each(|k| varint::put_bytes(&mut out.plain, k.as_bytes()));
    varint::put(&mut out.plain, shapes.len() as u64);
    for shape in &shapes {
        varint::put(&mut out.plain, shape.len() as u64);
        shape.iter().for_each(|k| varint::put(&mut out.plain, *k as u64));
    }
    ints::put(out, &column);
    values.iter().for_each(|v| strings::put(out, v));
    column
}

/// A list per sample, and its shape.
type Lists = (Vec<Arc<[Meta]>>, Vec<i64>);

/// Reads the lists of `n` samples.
pub(super) fn take(input: &mut Input<'_>, n: usize) -> Result<Lists> {
    let count = input.bounded()?;
    let keys = (0..count).map(|_| input.text().map(Arc::from)).collect::<Result<Vec<Arc<str>>>>()?;
    let count = input.bounded()?;
    let mut shapes: Vec<Vec<usize>> = Vec::new();
    for _ in 0..count {
        let len = input.bounded()?;
        let index = |input: &mut Input<'_>| usize::try_from(input.count()?).map_err(|_| BAD);
        shapes.push((0..len).map(|_| index(input)).collect::<Result<_>>()?);
    }
    let column = ints::take(input, n)?;
    let of = |id: i64| usize::try_from(id).ok().and_then(|i| shapes.get(i)).ok_or(BAD);
    let mut lens = vec![0usize; keys.len()];
    let mut room = MOST;
    for id in &column {
        let shape = of(*id)?;
        room = room.checked_sub(shape.len()).ok_or(BAD)?;
        for key in shape {
            *lens.get_mut(*key).ok_or(BAD)? += 1;
        }
    }
    let mut values = Vec::with_capacity(keys.len());
    for len in lens {
        values.push(strings::take(input, len)?.into_iter());
    }
    let none: Arc<[Meta]> = Arc::default();
    let mut out = Vec::with_capacity(n);
    for id in &column {
        let shape = of(*id)?;
        if shape.is_empty() {
            out.push(Arc::clone(&none));
            continue;
        }
        let one = |key: &usize| {
            let value = values.get_mut(*key).and_then(Iterator::next)?;
            Some(Meta { key: Arc::clone(keys.get(*key)?), value })
        };
        let list: Option<Vec<Meta>> = shape.iter().map(one).collect();
        out.push(list.ok_or(BAD)?.into());
    }
    Ok((out, column))
}
