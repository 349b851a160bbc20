//! temp
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut c = ring::digest::Context::new(&ring::digest::SHA256);
    parts.iter().for_each(|p| c.update(p));
    let mut out = [0; 32];
    out.copy_from_slice(c.finish().as_ref());
    out
}
