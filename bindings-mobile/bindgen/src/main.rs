//! uniffi's own command line.

fn main() {
    uniffi::uniffi_bindgen_main()
}
