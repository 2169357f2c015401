//! Who is in the story: names and prices that vary from run to run.

use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

const GIVEN: [&str; 12] =
    ["Zoë", "Łukasz", "Anaïs", "Jürgen", "Søren", "Iñaki", "Mélanie", "Åsa", "Noël", "Chloé", "François", "Béla"];
const FAMILY: [&str; 8] = ["Dubois", "Lefèvre", "Müller", "Núñez", "Sjöberg", "Kowalska", "Moreau", "Garçon"];
const PLACES: [(&str, &str); 5] = [
    ("69003", "Lyon"),
    ("44000", "Nantes"),
    ("13001", "Marseille"),
    ("31000", "Toulouse"),
    ("63000", "Clermont-Ferrand"),
];
const STREETS: [&str; 5] =
    ["rue des Lilas", "rue de la République", "avenue Foch", "place de l'Église", "quai du Rhône"];
const WISHES: [&str; 5] = ["Best Dad", "Meilleure maman", "Champion", "Für immer", "Good morning"];
const HOLDERS: [&str; 6] = ["label-nord", "estate-moreau", "museum-fund", "type-foundry", "photo-agency", "charity"];
const SHOPS: [&str; 5] = ["Atelier Café", "Petit Matin", "Maison Forêt", "Studio Été", "Papeterie Noël"];

/// The people and prices of one run.
#[derive(Clone, Debug)]
pub(crate) struct Cast {
    /// The shop.
    pub(crate) shop: String,
    /// On the mug and on the shirt.
    pub(crate) name: &'static str,
    /// On the mug's other side.
    pub(crate) wish: &'static str,
    /// "Since".
    pub(crate) year: u32,
    /// Whom it is sent to, as the API takes it.
    pub(crate) recipient: Value,
    /// Who designed it.
    pub(crate) creator: &'static str,
    /// Three holders with their basis points.
    pub(crate) royalties: Vec<(&'static str, u32)>,
    /// What a mug costs, in cents.
    pub(crate) mug_minor: i64,
    /// What a shirt costs, in cents.
    pub(crate) tee_minor: i64,
    /// What the buyer pays for shipping, in cents.
    pub(crate) shipping_minor: i64,
    /// The platform's fee on the margin.
    pub(crate) fee_bps: u32,
    /// Unique to the run.
    pub(crate) number: u32,
}

impl Cast {
    /// The same seed gives the same story.
    pub(crate) fn of(seed: u64) -> Cast {
        let mut dice = StdRng::seed_from_u64(seed);
        let pick = |from: &[&'static str], dice: &mut StdRng| *from.choose(dice).unwrap_or(&"");
        let (given, family) = (pick(&GIVEN, &mut dice), pick(&FAMILY, &mut dice));
        let (post_code, city) = *PLACES.choose(&mut dice).unwrap_or(&PLACES[0]);
        let street = format!("{} {}", dice.random_range(1..90), pick(&STREETS, &mut dice));
        let mut holders = HOLDERS;
        holders.shuffle(&mut dice);
        let number = dice.random_range(10_000..100_000);
        Cast {
            shop: format!("{} {number}", pick(&SHOPS, &mut dice)),
            name: pick(&GIVEN, &mut dice),
            wish: pick(&WISHES, &mut dice),
            year: dice.random_range(1962..2024),
            recipient: json!({
                "firstName": given, "lastName": family, "addressLine1": street, "city": city, "postCode": post_code, "country": "FR",
                "email": "buyer@example.org",
            }),
            creator: "studio-ada",
            royalties: holders.into_iter().take(3).map(|holder| (holder, dice.random_range(2..16) * 50)).collect(),
            mug_minor: dice.random_range(1690..2190),
            tee_minor: dice.random_range(2790..3690),
            shipping_minor: dice.random_range(490..990),
            fee_bps: dice.random_range(10..21) * 100,
            number,
        }
    }

    /// A product's revenue terms.
    pub(crate) fn revenue(&self) -> Value {
        let royalties: Vec<Value> =
            self.royalties.iter().map(|(holder, bps)| json!({ "holder": holder, "bps": bps })).collect();
        json!({ "creator": self.creator, "royalties": royalties })
    }

    /// "Zoë Dubois, Lyon".
    pub(crate) fn buyer(&self) -> String {
        let of = |field: &str| self.recipient[field].as_str().unwrap_or_default();
        format!("{} {}, {}", of("firstName"), of("lastName"), of("city"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_another_one_varies() {
        let text = |seed| format!("{:?}", Cast::of(seed));
        assert_eq!(text(7), text(7));
        assert_ne!(text(7), text(8));
        assert_eq!(Cast::of(7).royalties.len(), 3);
    }
}
