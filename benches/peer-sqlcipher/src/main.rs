//! SQLCipher under the works of the benchmarks: `peer SCHEMA WORK FILE N`.

#[path = "../../src/dataset.rs"]
#[expect(dead_code, reason = "shared with the driver, which uses all of it")]
mod dataset;
#[path = "../../src/measure.rs"]
#[expect(dead_code, reason = "shared with the driver, which uses all of it")]
mod measure;
#[path = "../../src/sql.rs"]
mod sql;

/// A raw key: no password derivation in any figure.
const KEY: &str = "PRAGMA key=\"x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'\"";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [schema, work, file, n] = args.as_slice() else { return Err("SCHEMA WORK FILE N".into()) };
    sql::run(KEY, schema == "best", work, std::path::Path::new(file), n.parse()?)
}
