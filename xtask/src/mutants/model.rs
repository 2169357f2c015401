//! The model of a million orders, without the databases that the suite around it needs.

#[path = "money/model.rs"]
mod model;

mod kit {
    use platen_shared::domain::money::Currency;

    pub(crate) fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }
}
