//! What a provider takes of an address, as data.

/// Longest fields in characters, and where a provider delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// First and last name, each.
    pub name: usize,
    /// Company.
    pub company: usize,
    /// Each address line.
    pub line: usize,
    /// City.
    pub city: usize,
    /// Postal code.
    pub post_code: usize,
    /// State.
    pub state: usize,
    /// Phone.
    pub phone: usize,
    /// Each tax number.
    pub tax_id: usize,
    /// Whether China, Japan, Korea and Russia take their own script only, and everybody else Latin letters.
    pub scripts: bool,
    /// Not destinations, ISO 3166-1.
    pub not_served: &'static [&'static str],
}

/// Gelato, orders v4.
const GELATO: Limits = Limits {
    name: 25,
    company: 60,
    line: 35,
    city: 30,
    post_code: 15,
    state: 35,
    phone: 25,
    tax_id: 35,
    scripts: true,
    not_served: &["AX", "IO", "TF", "HM", "IM", "NF", "GS", "TK", "UM"],
};

impl Limits {
    /// Those of a provider; of one we do not know, the narrowest there are.
    #[must_use]
    pub fn of(_provider: &str) -> &'static Limits {
        &GELATO
    }
}
