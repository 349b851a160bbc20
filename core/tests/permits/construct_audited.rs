//! A value is audited once its entry is durable, not because somebody says so.

use healthspace::{Audited, Label};

fn forge<T>(value: T) -> Audited<T> {
    Audited { value, label: Label::BOTTOM } //~ cannot construct
}

fn main() {}
